package io.khonsu.server;

import io.khonsu.Khonsu;
import io.khonsu.backup.Archiver;
import io.khonsu.backup.ArchiverOptions;
import io.khonsu.backup.Backups;
import io.khonsu.backup.BaseBackup;
import io.khonsu.backup.DirectoryArchiveStore;
import io.khonsu.backup.RestorePlan;
import io.khonsu.backup.RestoreTarget;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code khonsu backup create}: takes a base, of a store that does not run, or of an archive. */
@Command(
    name = "create",
    description = {
      "Takes a base backup: with --store of a store, all of which is archived before; with"
          + " --scratch of the newest state that is archived.",
      "",
      "A store must not run: a program that has it open archives it itself, by"
          + " io.khonsu.backup.Archiver. Its archive is made if there is none. What a node of a"
          + " cluster archives needs --scratch: the node runs on."
    })
final class BackupCreateCommand extends ArchiveCommand {
  private static final Duration TIMEOUT = Duration.ofHours(24);

  @ArgGroup(multiplicity = "1")
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private Source source;

  /** Of what the base is. */
  private static final class Source {
    @Option(names = "--store", paramLabel = "DIR", description = "The directory of the store.")
    private @Nullable Path store;

    @Option(
        names = "--scratch",
        paramLabel = "DIR",
        description = "A directory with room for one state, for the time being.")
    private @Nullable Path scratch;
  }

  @Option(
      names = "--label",
      paramLabel = "TEXT",
      defaultValue = "",
      description = "What to call the base.")
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private String label;

  @Override
  ExitCode run() throws Exception {
    BaseBackup base = source.store == null ? ofArchive(source.scratch) : ofStore(source.store);
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

  private BaseBackup ofStore(Path store) throws Exception {
    if (!Files.isDirectory(store)) {
      throw new NotDirectoryException(store.toString()); // or it would be created
    }
    try (Khonsu db = Khonsu.open(store);
        Progress progress = Progress.on(spec.commandLine().getErr());
        Archiver archiver =
            Archiver.start(db, DirectoryArchiveStore.create(archive), ArchiverOptions.defaults())) {
      archiver.awaitArchived(db.newestVersion(), TIMEOUT);
      return archiver.createBase(label, on(progress));
    }
  }

  private BaseBackup ofArchive(@Nullable Path scratch) throws IOException {
    Backups backups = backups();
    RestorePlan plan = backups.plan(new RestoreTarget.Latest());
    try (Progress progress = Progress.on(spec.commandLine().getErr())) {
      return backups.createBase(plan, label, Objects.requireNonNull(scratch), on(progress));
    }
  }
}
