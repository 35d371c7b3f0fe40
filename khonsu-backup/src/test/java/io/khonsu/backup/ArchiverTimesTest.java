package io.khonsu.backup;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How long an archiver takes, and what it says of that. */
@Timeout(300)
class ArchiverTimesTest {
  private static final UUID ID = new UUID(7, 70);
  private static final SegmentLimits LIMITS = new SegmentLimits(8, 10_000);
  private static final Duration LONG = Duration.ofMinutes(5);
  private static final Instant START = Instant.EPOCH.plus(Duration.ofDays(20_000));

  private final InMemoryArchiveStore archive = new InMemoryArchiveStore();
  private final TestLog log = new TestLog();
  private final TestReplica replica = new TestReplica(log, ID);
  private final AtomicReference<Instant> now = new AtomicReference<>(START);
  private final AtomicLong looks = new AtomicLong();

  /** Counts who looks at it, which an archiver does at each turn that leaves nothing to archive. */
  private final InstantSource clock =
      () -> {
        looks.incrementAndGet();
        return now.get();
      };

  /** Lets so many segments and partial ones be written, then none until it is opened. */
  private static final class Gate extends ForwardingArchiveStore {
    private final CountDownLatch reached;
    private final CountDownLatch opened = new CountDownLatch(1);

    private Gate(ArchiveStore archive, int writes) {
      super(archive);
      this.reached = new CountDownLatch(writes + 1);
    }

    @Override
    public boolean putIfAbsent(String name, Content content) throws IOException {
      if (name.startsWith(Layout.log(1))) {
        reached.countDown();
        if (reached.getCount() == 0) {
          try {
            opened.await();
          } catch (InterruptedException e) {
            throw new IOException(e);
          }
        }
      }
      return super.putIfAbsent(name, content);
    }
  }

  private Archiver start(ArchiveStore store) {
    ArchiverOptions options =
        ArchiverOptions.defaults()
            .withArchiveTimeout(Duration.ofMillis(1))
            .withRetryDelayMax(Duration.ofMillis(1));
    return Archiver.start(replica, store, options, LIMITS, clock);
  }

  private void commit() throws IOException {
    log.add(Math.max(now.get().toEpochMilli() << 16, log.lastVersion() + 1), 20);
    replica.apply(log.lastVersion());
  }

  private void pass(Duration time) {
    now.updateAndGet(instant -> instant.plus(time));
  }

  private void awaitTurns() {
    long seen = looks.get();
    while (looks.get() < seen + 2) {
      Thread.onSpinWait();
    }
  }

  private static void awaitFailure(Archiver archiver) {
    while (archiver.status().failures() == 0) {
      Thread.onSpinWait();
    }
  }

  @Test
  void firstCommitAfterAnIdleNight_isNoNightOfLag() throws Exception {
    SwitchedArchive switched = new SwitchedArchive(archive);
    commit();
    try (Archiver archiver = start(switched)) {
      archiver.awaitArchived(log.lastVersion(), LONG);
      pass(Duration.ofHours(8));
      awaitTurns();
      assertThat(archiver.status().lag()).isZero();
      switched.broken = true;
      commit();
      awaitFailure(archiver);
      assertThat(archiver.status().lag()).isZero();
      pass(Duration.ofSeconds(10));
      commit();
      pass(Duration.ofSeconds(10));
      assertThat(archiver.status().lag()).isEqualTo(Duration.ofSeconds(20));
      switched.broken = false;
      archiver.awaitArchived(log.lastVersion(), LONG);
      assertThat(archiver.status().lag()).isZero();
    }
  }

  /** Nothing is known yet of what is archived. */
  @Test
  void lag_ofAnArchiveThatCannotBeRead_isSinceTheStart() throws Exception {
    SwitchedArchive switched = new SwitchedArchive(archive);
    switched.broken = true;
    commit();
    pass(Duration.ofHours(8));
    try (Archiver archiver = start(switched)) {
      awaitFailure(archiver);
      pass(Duration.ofSeconds(7));
      assertThat(archiver.status().lag()).isEqualTo(Duration.ofSeconds(7));
    }
  }

  @Test
  void lag_ofAnArchiveThatWasBehindBefore_isSinceItsNewestCommit() throws Exception {
    for (int i = 0; i < 8; i++) {
      commit();
    }
    try (Archiver archiver = start(archive)) {
      archiver.awaitArchived(log.lastVersion(), LONG);
    }
    commit();
    pass(Duration.ofHours(8));
    Gate gate = new Gate(archive, 0);
    try (Archiver archiver = start(gate)) {
      gate.reached.await();
      // The step under way has begun with what is archived, but nobody has been told yet.
      assertThat(archiver.status().lag()).isZero();
      gate.opened.countDown();
      archiver.awaitArchived(log.lastVersion(), LONG);
    }
    SwitchedArchive switched = new SwitchedArchive(archive);
    FailingWrites failing = new FailingWrites(switched);
    commit();
    try (Archiver archiver = start(failing)) {
      awaitFailure(archiver);
      pass(Duration.ofSeconds(1));
      assertThat(archiver.status().lag()).isEqualTo(Duration.ofHours(8).plusSeconds(1));
    }
  }

  /** Can be read only. */
  private static final class FailingWrites extends ForwardingArchiveStore {
    private FailingWrites(ArchiveStore archive) {
      super(archive);
    }

    @Override
    public boolean putIfAbsent(String name, Content content) throws IOException {
      if (name.equals(Layout.ARCHIVE)) {
        return super.putIfAbsent(name, content);
      }
      throw new IOException("the archive is full");
    }
  }

  @Test
  void catchingUp_showsHowFarItIs_andEndsSoon() throws Exception {
    log.addRandom(new Random(1), 800);
    replica.apply(log.lastVersion());
    Gate gate = new Gate(archive, 10);
    Archiver archiver = start(gate);
    gate.reached.await();
    ArchiverStatus status = archiver.status();
    assertThat(status.archivedVersion()).isPositive().isLessThan(status.committedVersion());
    assertThat(status.state()).isEqualTo(ArchiverStatus.State.RUNNING);

    Thread closing = Thread.ofPlatform().start(archiver::close);
    while (closing.getState() != Thread.State.WAITING) {
      Thread.onSpinWait();
    }
    gate.opened.countDown();
    closing.join();

    assertThat(archive.list(Layout.log(1))).hasSizeBetween(10, 20); // of a hundred
    long archived = archiver.status().archivedVersion();
    try (Archiver next = start(archive)) {
      assertThat(archived).isLessThan(log.lastVersion());
      next.awaitArchived(log.lastVersion(), LONG);
    }
    assertThat(Backups.open(archive).status().windows())
        .containsExactly(new Window(1, 0, log.lastVersion()));
  }

  @Test
  void archiveThatHangs_showsForHowLong() throws Exception {
    commit();
    Gate gate = new Gate(archive, 0);
    try (Archiver archiver = start(gate)) {
      gate.reached.await();
      Duration first = archiver.status().stepTime();
      while (archiver.status().stepTime().compareTo(first) <= 0) {
        Thread.onSpinWait();
      }
      assertThat(archiver.status().isSlow()).isFalse(); // it is no half minute yet
      assertThat(archiver.status().state()).isEqualTo(ArchiverStatus.State.RUNNING);
      gate.opened.countDown();
      archiver.awaitArchived(log.lastVersion(), LONG);
    }
  }

  @Test
  void slowStep_isOneOfHalfAMinute() {
    for (int seconds : new int[] {29, 30}) {
      ArchiverStatus.Counts counts =
          new ArchiverStatus.Counts(1, 2, Duration.ZERO, Duration.ofSeconds(seconds), 0, false, 0);
      assertThat(new ArchiverStatus(ArchiverStatus.State.RUNNING, counts, null).isSlow())
          .isEqualTo(seconds == 30);
    }
  }
}
