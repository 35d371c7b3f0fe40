package io.khonsu.server.demo;

import io.khonsu.Durability;
import io.khonsu.Khonsu;
import io.khonsu.Row;
import io.khonsu.Snapshot;
import io.khonsu.Table;
import io.khonsu.backup.ArchiveStore;
import io.khonsu.backup.Archiver;
import io.khonsu.backup.ArchiverOptions;
import io.khonsu.backup.BackupProgress;
import io.khonsu.backup.Backups;
import io.khonsu.backup.DirectoryArchiveStore;
import io.khonsu.backup.RestoreTarget;
import io.khonsu.durable.DurableSettings;
import io.khonsu.durable.LogKind;
import io.khonsu.server.demo.Transfers.Acknowledgement;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * The second act of the demo: a store on disk whose process is killed while it commits, and a
 * mistake that is undone from the archive.
 */
public final class DurableAct {
  private static final int COMMITS = 500;
  private static final Duration ARCHIVE_TIMEOUT = Duration.ofSeconds(60);

  private final Path store;
  private final Path restored;
  private final ArchiveStore archive;
  private final Consumer<String> progress;

  private DurableAct(Path root, Consumer<String> progress) throws IOException {
    this.store = root.resolve("store");
    this.restored = root.resolve("restored");
    this.archive = DirectoryArchiveStore.create(root.resolve("archive"));
    this.progress = progress;
  }

  /** The version and the tables before the mistake, and how many transfers it deleted. */
  private record Mistake(long version, List<List<Row>> tables, long deleted) {}

  /**
   * Plays it, in a temporary directory that is deleted at the end.
   *
   * @param progress is told, again and again, in one line what goes on
   * @throws IOException if the disk cannot be written, or a process not started
   */
  public static DurableReport run(Consumer<String> progress)
      throws IOException, InterruptedException {
    Path root = Files.createTempDirectory("khonsu-demo");
    try {
      return new DurableAct(root, progress).run();
    } finally {
      delete(root);
    }
  }

  private DurableReport run() throws IOException, InterruptedException {
    List<Acknowledgement> acknowledged = killUnderLoad();
    progress.accept("opening the store again");
    CrashAudit audit;
    Mistake mistake;
    long start = System.nanoTime();
    long openNanos;
    try (Khonsu db = Khonsu.open(store)) {
      openNanos = System.nanoTime() - start;
      audit = CrashAudit.of(db, CrashAudit.EMPTY, acknowledged);
      progress.accept("archiving it");
      mistake = makeMistake(db);
    }
    progress.accept("restoring what was deleted");
    List<List<Row>> tables = restore(mistake.version);
    return new DurableReport(
        acknowledged.size(),
        openNanos,
        audit.transfers(),
        audit.missing(),
        audit.faults(),
        mistake.deleted,
        tables.getFirst().size(),
        tables.equals(mistake.tables));
  }

  private List<Acknowledgement> killUnderLoad() throws IOException, InterruptedException {
    progress.accept("committing to disk in another process, to kill it");
    try (WriterProcess writer =
        WriterProcess.start(store, LogKind.ENGINE, Durability.SYNC, Redirect.INHERIT)) {
      writer.await(COMMITS);
      return writer.kill();
    }
  }

  /** Deletes all transfers, after a base and a commit that is in the archived log alone. */
  private Mistake makeMistake(Khonsu db) throws IOException, InterruptedException {
    try (Archiver archiver = Archiver.start(db, archive, ArchiverOptions.defaults())) {
      var _ = archiver.createBase("demo", BackupProgress.NONE);
      Transfers tables = Transfers.in(db);
      var _ = tables.commitNext(db, 0);
      long version = db.newestVersion();
      List<List<Row>> before = rows(db);
      List<Row> transfers = before.getFirst();
      db.run(tx -> transfers.forEach(row -> tx.delete(tables.transfers(), row.getLong("id"))));
      int left = rows(db).getFirst().size();
      archiver.awaitArchived(db.newestVersion(), ARCHIVE_TIMEOUT);
      return new Mistake(version, before, transfers.size() - left);
    } catch (TimeoutException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  private List<List<Row>> restore(long version) throws IOException {
    Backups backups = Backups.open(archive);
    var _ =
        backups.restore(
            backups.plan(new RestoreTarget.AtVersion(version)),
            restored,
            DurableSettings.defaults(),
            BackupProgress.NONE);
    try (Khonsu db = Khonsu.open(restored)) {
      return rows(db);
    }
  }

  /** {@return the rows of all tables, the transfers first} */
  private static List<List<Row>> rows(Khonsu db) {
    Transfers tables = Transfers.in(db);
    List<Table> all =
        List.of(tables.transfers(), tables.legs(), tables.accounts(), tables.writers());
    try (Snapshot snapshot = db.snapshot()) {
      return all.stream().map(table -> snapshot.scan(table).rows()).toList();
    }
  }

  /** Deletes a directory and all that is in it. */
  public static void delete(Path root) throws IOException {
    List<Path> deepestFirst;
    try (Stream<Path> found = Files.walk(root)) {
      deepestFirst = found.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path path : deepestFirst) {
      Files.delete(path);
    }
  }
}
