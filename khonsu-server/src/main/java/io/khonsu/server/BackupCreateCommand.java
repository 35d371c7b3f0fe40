package io.khonsu.server;

import io.khonsu.Khonsu;
import io.khonsu.backup.Archiver;
import io.khonsu.backup.ArchiverOptions;
import io.khonsu.backup.BaseBackup;
import io.khonsu.backup.DirectoryArchiveStore;
import java.nio.file.Files;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code khonsu backup create}: archives a store that does not run, and takes a base of it. */
@Command(
    name = "create",
    description = {
      "Archives all that was committed to a store, and takes a base backup of it.",
      "",
      "The store must not run: a program that has it open archives it itself, by"
          + " io.khonsu.backup.Archiver. Makes the archive if there is none."
    })
final class BackupCreateCommand extends ArchiveCommand {
  private static final Duration TIMEOUT = Duration.ofHours(24);

  @Option(
      names = "--store",
      required = true,
      paramLabel = "DIR",
      description = "The directory of the store.")
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private Path store;

  @Option(
      names = "--label",
      paramLabel = "TEXT",
      defaultValue = "",
      description = "What to call the base.")
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private String label;

  @Override
  ExitCode run() throws Exception {
    if (!Files.isDirectory(store)) {
      throw new NotDirectoryException(store.toString()); // or it would be created
    }
    BaseBackup base;
    try (Khonsu db = Khonsu.open(store);
        Progress progress = Progress.on(spec.commandLine().getErr());
        Archiver archiver =
            Archiver.start(db, DirectoryArchiveStore.create(archive), ArchiverOptions.defaults())) {
      archiver.awaitArchived(db.newestVersion(), TIMEOUT);
      base = archiver.createBase(label, on(progress));
    }
    print(
        ArchiveTrees.of(base),
        List.of(
            "base of version %d, %s, %d files, %s"
                .formatted(
                    base.version(),
                    Khonsu.instantOf(base.version()),
                    base.files().size(),
                    bytes(base.sizeBytes()))));
    return ExitCode.OK;
  }
}
