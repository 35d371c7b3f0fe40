package io.khonsu.benchmarks;

import io.khonsu.Khonsu;
import io.khonsu.StoreConfig;
import io.khonsu.backup.Archiver;
import io.khonsu.backup.ArchiverOptions;
import io.khonsu.backup.BackupProgress;
import io.khonsu.backup.Backups;
import io.khonsu.backup.BaseBackup;
import io.khonsu.backup.DirectoryArchiveStore;
import io.khonsu.backup.RestorePlan;
import io.khonsu.backup.RestoreTarget;
import io.khonsu.backup.VerifyDepth;
import io.khonsu.backup.VerifyReport;
import io.khonsu.durable.DurableSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * What a base backup costs those who commit meanwhile, and how fast an archive is verified and
 * restored. Threads overwrite rows of a store that is archived; their latencies with a base backup
 * beside them are compared with those before and after it.
 */
final class BackupBenchmark {
  private static final int VALUE_BYTES = 1_000;
  private static final int ROWS_PER_MEGABYTE = 1_000;
  private static final int COMMITTERS = 4;

  private final int rows;
  private final long idleMillis;
  private final Path directory;

  /**
   * Creates a benchmark.
   *
   * @param megabytes how much data the store has
   * @param idleMillis how long commits are measured before and after the backup
   * @param directory an empty one for the store, the archive and the restored store
   */
  BackupBenchmark(int megabytes, long idleMillis, Path directory) {
    this.rows = megabytes * ROWS_PER_MEGABYTE;
    this.idleMillis = idleMillis;
    this.directory = directory;
  }

  /** {@return all that was measured} */
  BackupFigures run() throws Exception {
    DirectoryArchiveStore archive = DirectoryArchiveStore.create(directory.resolve("archive"));
    Rounds idle = new Rounds();
    Rounds beside = new Rounds();
    long baseBytes;
    try (Khonsu db = Khonsu.open(directory.resolve("store"), StoreConfig.defaults());
        KhonsuDurable store = new KhonsuDurable(db);
        Archiver archiver = Archiver.start(db, archive, ArchiverOptions.defaults());
        ExecutorService taking = Executors.newSingleThreadExecutor();
        Crew crew = new Crew(COMMITTERS)) {
      store.load(rows, VALUE_BYTES);
      idle.add(commit(store, crew, () -> Thread.sleep(idleMillis)));
      Future<BaseBackup> base =
          taking.submit(() -> archiver.createBase("bench", BackupProgress.NONE));
      beside.add(commit(store, crew, base::get));
      idle.add(commit(store, crew, () -> Thread.sleep(idleMillis)));
      baseBytes = base.get().sizeBytes();
    }
    Backups backups = Backups.open(archive);
    double verifying = verify(backups);
    RestorePlan plan = backups.plan(new RestoreTarget.Latest());
    double restoring = restore(backups, plan);
    return new BackupFigures(idle, beside, baseBytes, verifying, restoring);
  }

  private Rounds.Round commit(KhonsuDurable store, Crew crew, Crew.Span span) throws Exception {
    List<Committer> committers = new ArrayList<>();
    for (int thread = 0; thread < COMMITTERS; thread++) {
      committers.add(new Committer(store.open(), thread));
    }
    return Crew.Share.total(crew.run(committers, span));
  }

  /** {@return megabytes a second} */
  private static double verify(Backups backups) throws IOException {
    long before = System.nanoTime();
    VerifyReport report = backups.verify(VerifyDepth.DATA, BackupProgress.NONE);
    long nanos = System.nanoTime() - before;
    if (!report.isClean()) {
      throw new IllegalStateException("the archive is damaged: " + report);
    }
    return backups.status().bytes() * 1e3 / nanos;
  }

  /** {@return megabytes a second} */
  private double restore(Backups backups, RestorePlan plan) throws IOException {
    Path restored = directory.resolve("restored");
    long before = System.nanoTime();
    var _ = backups.restore(plan, restored, DurableSettings.defaults(), BackupProgress.NONE);
    long nanos = System.nanoTime() - before;
    try (Khonsu db = Khonsu.open(restored)) {
      long found = KhonsuDurable.count(db);
      if (found != rows) {
        throw new IllegalStateException(found + " rows were restored instead of " + rows);
      }
    }
    return plan.bytes() * 1e3 / nanos;
  }

  /** Overwrites rows, one in each commit. */
  private final class Committer extends Crew.Worker {
    private final DurableContender.Session session;
    private final SplittableRandom random;
    private final byte[] value = new byte[VALUE_BYTES];

    private Committer(DurableContender.Session session, int thread) {
      super(1);
      this.session = session;
      this.random = new SplittableRandom(thread);
    }

    @Override
    void transact(long n) throws Exception {
      random.nextBytes(value);
      session.commit(random.nextInt(rows), value);
    }
  }
}
