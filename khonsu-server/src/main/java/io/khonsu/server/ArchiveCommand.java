package io.khonsu.server;

import io.khonsu.CorruptionException;
import io.khonsu.OpenRefusedException;
import io.khonsu.StoreException;
import io.khonsu.backup.ArchiveStore;
import io.khonsu.backup.BackupProgress;
import io.khonsu.backup.Backups;
import io.khonsu.backup.DirectoryArchiveStore;
import io.khonsu.backup.ForeignArchiveException;
import io.khonsu.backup.PruneRefusedException;
import io.khonsu.backup.UnrestorableException;
import io.khonsu.backup.UnusableObjectException;
import io.khonsu.spi.DamagedStorageException;
import io.khonsu.spi.StorageRefusedException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** What all commands that work on an archive have in common. */
abstract class ArchiveCommand implements Callable<Integer> {
  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it
  CommandSpec spec;

  @Option(
      names = "--archive",
      required = true,
      paramLabel = "DIR",
      description = "The archive: a directory.")
  @SuppressWarnings("NullAway.Init") // picocli sets it
  Path archive;

  @Option(names = "--json", description = "Prints the result as JSON.")
  boolean json;

  /** Does what the command is for. */
  abstract ExitCode run() throws Exception;

  @Override
  public final Integer call() throws Exception {
    try {
      return run().code();
    } catch (IOException | StoreException | IllegalArgumentException e) {
      return failed(exitCode(e), e);
    }
  }

  private int failed(ExitCode exitCode, Exception cause) {
    String message =
        switch (cause) {
          case NotDirectoryException e -> e.getMessage() + " is no directory";
          case AccessDeniedException e -> e.getMessage() + " may not be read or written";
          default -> String.valueOf(cause.getMessage());
        };
    spec.commandLine().getErr().println(spec.qualifiedName() + ": " + message);
    return exitCode.code();
  }

  private static ExitCode exitCode(Exception cause) {
    return switch (cause) {
      case UnusableObjectException _, DamagedStorageException _, CorruptionException _ ->
          ExitCode.CORRUPTION;
      case UnrestorableException _, PruneRefusedException _ -> ExitCode.ANSWER_IS_NO;
      case ForeignArchiveException _,
          NotDirectoryException _,
          FileAlreadyExistsException _,
          IllegalArgumentException _ ->
          ExitCode.USAGE;
      case AccessDeniedException _ -> ExitCode.DENIED;
      case OpenRefusedException e -> exitCode(e.reason());
      case StorageRefusedException e -> exitCode(e.reason());
      default -> ExitCode.UNAVAILABLE;
    };
  }

  private static ExitCode exitCode(StorageRefusedException.Reason reason) {
    return switch (reason) {
      case DATA_LOSS, FOREIGN_PART -> ExitCode.CORRUPTION;
      case NOT_A_STORE -> ExitCode.USAGE;
      case NOT_WRITABLE -> ExitCode.DENIED;
      case IN_USE, UNKNOWN_FORMAT, MISSING_ENGINE -> ExitCode.UNAVAILABLE;
    };
  }

  /** {@return the archive, which exists} */
  ArchiveStore store() throws IOException {
    return DirectoryArchiveStore.open(archive);
  }

  /** {@return what looks after the archive} */
  Backups backups() throws IOException {
    return Backups.open(store());
  }

  /** Prints the result: lines for people, or a tree as JSON. */
  void print(Object tree, Iterable<String> lines) {
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      out.println(Json.write(tree));
    } else {
      lines.forEach(out::println);
    }
    out.flush();
  }

  /** {@return what shows how far it is} */
  static BackupProgress on(Progress progress) {
    return (task, done, total) ->
        progress.show(
            String.format(
                Locale.ROOT,
                "%s  %,d of %,d MB  %3d %%",
                task,
                done >> 20,
                total >> 20,
                total == 0 ? 100 : 100 * done / total));
  }

  /** {@return bytes as people read them} */
  static String bytes(long bytes) {
    return bytes < 10_000
        ? String.format(Locale.ROOT, "%,d bytes", bytes)
        : String.format(Locale.ROOT, "%,d kB", bytes / 1_000);
  }
}
