package io.khonsu.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.backup.FaultyArchiveStore.Fault;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Several replicas archive one history, each as far as it has got. */
class ReplicaArchivingTest {
  private static final UUID ID = new UUID(7, 70);
  private static final Timeline TIMELINE = new Timeline(ID, 1, ID, 0, 0, Instant.EPOCH);
  private static final SegmentLimits LIMITS = new SegmentLimits(8, 600);
  private static final Duration LONG = Duration.ofMinutes(5);

  @TempDir private Path root;

  private final InMemoryArchiveStore archive = new InMemoryArchiveStore();

  /** Some replicas and their archivers, which are called in any order and restarted. */
  private static final class Group {
    private final Random random;
    private final TestLog log;
    private final List<Long> versions = new ArrayList<>();
    private final List<ArchiveStore> archives;
    private final List<TestReplica> replicas = new ArrayList<>();
    private final List<LogArchiver> archivers = new ArrayList<>();

    private Group(Random random, TestLog log, List<? extends ArchiveStore> archives)
        throws IOException {
      this.random = random;
      this.log = log;
      this.archives = List.copyOf(archives);
      log.read(0, record -> versions.add(record.version()));
      for (ArchiveStore store : archives) {
        TestReplica replica = new TestReplica(log, ID);
        replica.apply(0);
        replicas.add(replica);
        archivers.add(new LogArchiver(store, TIMELINE, replica, LIMITS));
      }
    }

    private void step() throws IOException {
      int replica = random.nextInt(replicas.size());
      switch (random.nextInt(5)) {
        case 0 -> restart(replica);
        case 1 -> archivers.get(replica).flush();
        default -> {
          move(replica, random.nextInt(6));
          boolean _ = archivers.get(replica).advance();
        }
      }
    }

    /** After a restart it may be behind what it was, and what it has archived. */
    private void restart(int replica) throws IOException {
      move(replica, -random.nextInt(12));
      archivers.set(replica, archiver(archives.get(replica), replicas.get(replica)));
    }

    private void move(int replica, int commits) {
      TestReplica moved = replicas.get(replica);
      long count = versions.stream().filter(version -> version <= moved.lastVersion()).count();
      int next = Math.clamp(count + commits, 0, versions.size());
      moved.apply(next == 0 ? 0 : versions.get(next - 1));
    }

    private void finish() throws IOException {
      for (int i = 0; i < replicas.size(); i++) {
        replicas.get(i).apply(log.lastVersion());
        TestArchive.advanceAll(archivers.get(i));
        archivers.get(i).flush();
      }
    }
  }

  private static LogArchiver archiver(ArchiveStore store, TestReplica replica) throws IOException {
    return new LogArchiver(store, TIMELINE, replica, LIMITS);
  }

  private static InMemoryArchiveStore atOnce(TestLog log) throws IOException {
    InMemoryArchiveStore store = new InMemoryArchiveStore();
    LogArchiver archiver = archiver(store, new TestReplica(log, ID));
    TestArchive.advanceAll(archiver);
    archiver.flush();
    return store;
  }

  @Test
  void archives_areTheSame_whoeverWritesThem() throws Exception {
    for (int seed = 0; seed < 20; seed++) {
      Random random = new Random(seed);
      TestLog log = new TestLog().addRandom(random, 80);
      List<InMemoryArchiveStore> own =
          List.of(
              new InMemoryArchiveStore(), new InMemoryArchiveStore(), new InMemoryArchiveStore());
      Group apart = new Group(random, log, own);
      Group together = new Group(random, log, List.of(archive, archive, archive));
      for (int step = 0; step < 120; step++) {
        apart.step();
        together.step();
      }
      apart.finish();
      together.finish();

      var expected = atOnce(log).contents();
      for (InMemoryArchiveStore store : own) {
        assertThat(store.contents()).as("seed %d", seed).isEqualTo(expected);
      }
      assertThat(archive.contents()).as("seed %d, shared", seed).isEqualTo(expected);
      archive.contents().keySet().forEach(archive::delete);
    }
  }

  /** One of two replicas that share an archive dies at each of its writes in turn. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2})
  void crash_atEveryWrite_leavesNoTrace(long seed) throws Exception {
    long writes = run(new InMemoryArchiveStore(), seed, Long.MAX_VALUE, Fault.NOTHING);
    assertThat(writes).isGreaterThan(5);
    for (Fault fault : Fault.values()) {
      for (long write = 1; write <= writes; write++) {
        InMemoryArchiveStore crashed = new InMemoryArchiveStore();
        run(crashed, seed, write, fault);
        assertThat(crashed.contents())
            .as("seed %d, write %d, %s happened", seed, write, fault)
            .isEqualTo(atOnce(log(seed)).contents());
      }
    }
  }

  private static TestLog log(long seed) throws IOException {
    return new TestLog().addRandom(new Random(seed), 60);
  }

  private static long run(InMemoryArchiveStore archive, long seed, long failingWrite, Fault fault)
      throws IOException {
    FaultyArchiveStore faulty = new FaultyArchiveStore(archive, failingWrite, fault);
    Random random = new Random(seed);
    Group dying = new Group(random, log(seed), List.of(faulty));
    Group other = new Group(random, log(seed), List.of(archive));
    try {
      for (int step = 0; step < 120; step++) {
        dying.step();
        dying.step();
        other.step();
      }
      dying.finish();
    } catch (IOException _) {
      new Group(random, log(seed), List.of(archive)).finish(); // started again
    }
    other.finish();
    return faulty.writes();
  }

  @Test
  void replicaThatIsBehindItsArchive_waits() throws Exception {
    TestLog log = new TestLog().addRandom(new Random(1), 40);
    TestReplica replica = new TestReplica(log, ID);
    LogArchiver before = archiver(archive, replica);
    TestArchive.advanceAll(before);
    replica.apply(0);

    LogArchiver archiver = archiver(archive, replica);

    assertThat(archiver.advance()).isFalse();
    assertThat(archiver.completeVersion()).isEqualTo(before.completeVersion()).isPositive();
    replica.apply(log.lastVersion());
    TestArchive.advanceAll(archiver);
    archiver.flush();
    assertThat(archive.contents()).isEqualTo(atOnce(log).contents());
  }

  @Test
  void anotherHistory_isFoundOut() throws Exception {
    TestReplica replica = new TestReplica(log(1), ID);
    TestArchive.advanceAll(archiver(archive, replica));

    TestLog other = new TestLog().addRandom(new Random(2), 200);
    LogArchiver impostor = archiver(archive, new TestReplica(other, ID));

    assertThatThrownBy(() -> TestArchive.advanceAll(impostor))
        .isInstanceOf(ForeignArchiveException.class)
        .hasMessageContaining("another history");
  }

  @Test
  void historyWithoutCommits_beginsNoArchive_untilItHasOne() throws Exception {
    TestLog log = log(3);
    TestReplica replica = new TestReplica(log, ID);
    replica.apply(0);
    try (Archiver archiver = start(replica, archive)) {
      assertThatThrownBy(() -> archiver.createRestorePoint("none", LONG))
          .isInstanceOf(IllegalStateException.class);
      assertThatThrownBy(() -> archiver.createBase("", BackupProgress.NONE))
          .isInstanceOf(UnsupportedOperationException.class)
          .hasMessageContaining("Backups.createBase");
      assertThat(archive.contents()).isEmpty();
      replica.apply(log.lastVersion());
      archiver.awaitArchived(log.lastVersion(), LONG);
      assertThat(archiver.status().logLetGo()).isFalse();
      assertThat(archiver.createRestorePoint("all", LONG).version()).isEqualTo(log.lastVersion());
    }
    assertThat(Backups.open(archive).status().id()).isEqualTo(ID);
  }

  @Test
  void archiveOfAnotherHistory_stopsTheArchiver() throws Exception {
    TestLog log = log(4);
    try (Archiver first = start(new TestReplica(log, ID), archive)) {
      first.awaitArchived(log.lastVersion(), LONG);
    }
    var before = archive.contents();
    try (Archiver other = start(new TestReplica(log(5), new UUID(7, 71)), archive)) {
      assertThatThrownBy(() -> other.awaitArchived(log(5).lastVersion(), LONG))
          .hasCauseInstanceOf(ForeignArchiveException.class);
      assertThat(other.status().state()).isEqualTo(ArchiverStatus.State.STOPPED);
    }
    assertThat(archive.contents()).isEqualTo(before);
  }

  /** As when its disk is mounted late. */
  @Test
  void directoryThatIsNotThereYet_isWaitedFor() throws Exception {
    TestLog log = log(6);
    Path place = Files.createFile(root.resolve("archive")); // in the way
    try (Archiver archiver =
        start(new TestReplica(log, ID), DirectoryArchiveStore.at(place.resolve("here")))) {
      while (archiver.status().failures() == 0) {
        Thread.onSpinWait();
      }
      assertThat(archiver.status().state()).isEqualTo(ArchiverStatus.State.RETRYING);
      Files.delete(place);
      archiver.awaitArchived(log.lastVersion(), LONG);
    }
    Backups backups = Backups.open(DirectoryArchiveStore.open(place.resolve("here")));
    assertThat(backups.verify(VerifyDepth.DATA, BackupProgress.NONE).isClean()).isTrue();
  }

  /** As when its disk is not mounted any more. */
  @Test
  void archiveThatGoesAway_isNotBegunAgain_butWaitedFor() throws Exception {
    TestLog log = new TestLog().addRandom(new Random(7), 40);
    TestReplica replica = new TestReplica(log, ID);
    Path place = root.resolve("archive");
    Path away = root.resolve("away");
    try (Archiver archiver = start(replica, DirectoryArchiveStore.at(place))) {
      archiver.awaitArchived(replica.lastVersion(), LONG);
      Files.move(place, away);
      Files.createDirectory(place);
      replica.apply(log.addRandom(new Random(8), 40).lastVersion());
      while (archiver.status().failures() == 0) {
        Thread.onSpinWait();
      }
      assertThat(archiver.status().failure().orElseThrow()).hasMessageContaining("mounted");
      try (var files = Files.list(place)) {
        assertThat(files).isEmpty();
      }
      Files.delete(place);
      Files.move(away, place);
      archiver.awaitArchived(log.lastVersion(), LONG);
    }
    Backups backups = Backups.open(DirectoryArchiveStore.open(place));
    assertThat(backups.verify(VerifyDepth.DATA, BackupProgress.NONE).isClean()).isTrue();
    assertThat(backups.status().windows().getLast().to()).isEqualTo(log.lastVersion());
  }

  /** As when somebody starts a copy of the cluster, with the files that it has. */
  @Test
  void copyThatHasGoneOnByItself_leavesNothingBehind() throws Exception {
    TestLog log = new TestLog().addRandom(new Random(8), 40);
    TestLog copy = new TestLog().addRandom(new Random(8), 40);
    LogArchiver original = archiver(archive, new TestReplica(log.addRandom(new Random(9), 40), ID));
    LogArchiver other = archiver(archive, new TestReplica(copy.addRandom(new Random(10), 40), ID));
    TestArchive.advanceAll(original);
    var before = archive.contents();

    assertThatThrownBy(() -> TestArchive.advanceAll(other))
        .isInstanceOf(ForeignArchiveException.class);
    assertThat(archive.contents()).isEqualTo(before);
  }

  /** {@return a log of eleven transactions, three of them in a partial segment, and these} */
  private static TestReplica copy(long... versions) throws IOException {
    TestLog log = new TestLog();
    for (int version = 1; version <= 11; version++) {
      log.add(version, 8);
    }
    for (long version : versions) {
      log.add(version, 8);
    }
    return new TestReplica(log, ID);
  }

  /** Within the segment that is still being filled. */
  @Test
  void partialSegmentOfACopy_supersedesNothing() throws Exception {
    LogArchiver original = archiver(archive, copy(20));
    LogArchiver other = archiver(archive, copy(21, 22));
    TestArchive.advanceAll(original);
    original.flush();
    var before = archive.contents();
    assertThat(before.keySet()).anyMatch(name -> name.endsWith(".partial"));

    TestArchive.advanceAll(other);
    assertThatThrownBy(other::flush)
        .isInstanceOf(ForeignArchiveException.class)
        .hasMessageContaining("another history");

    assertThat(archive.contents()).isEqualTo(before);
  }

  @Test
  void wholeSegmentOfACopy_supersedesNothing() throws Exception {
    LogArchiver original = archiver(archive, copy(20));
    LogArchiver other = archiver(archive, copy(21, 22, 23, 24, 25, 26));
    TestArchive.advanceAll(original);
    original.flush();
    var before = archive.contents();

    assertThatThrownBy(() -> TestArchive.advanceAll(other))
        .isInstanceOf(ForeignArchiveException.class);

    assertThat(archive.contents()).isEqualTo(before);
  }

  /** It is found out by who comes later. */
  @Test
  void copyThatHasArchivedMore_isNoticed() throws Exception {
    LogArchiver original = archiver(archive, copy(20));
    LogArchiver other = archiver(archive, copy(21, 22, 23, 24, 25, 26));
    TestArchive.advanceAll(original);
    TestArchive.advanceAll(other);
    var before = archive.contents();

    assertThatThrownBy(original::flush).isInstanceOf(ForeignArchiveException.class);

    assertThat(archive.contents()).isEqualTo(before);
  }

  /** Whether a replica lags at the end of a segment or within it. */
  @ParameterizedTest
  @ValueSource(ints = {4, 8, 12, 16, 20})
  void replicaThatLags_doesNotWriteAgainWhatWasPruned(int applied) throws Exception {
    TestLog log = new TestLog().addRandom(new Random(1), 60);
    TestReplica lagging = new TestReplica(log, ID);
    List<Long> versions = new ArrayList<>();
    log.read(0, record -> versions.add(record.version()));
    lagging.apply(versions.get(applied));
    LogArchiver archiver = archiver(archive, lagging);
    TestArchive.advanceAll(archiver);
    LogArchiver ahead = archiver(archive, new TestReplica(log, ID));
    TestArchive.advanceAll(ahead);
    ahead.flush();
    List<String> names =
        archive.list(Layout.log(1)).stream().map(ArchiveStore.StoredObject::name).toList();
    names.subList(0, names.size() - 3).forEach(archive::delete); // as pruning does
    var before = archive.contents();

    archiver.flush();
    assertThat(archive.contents()).isEqualTo(before);
    for (long version : versions.subList(applied, versions.size())) {
      lagging.apply(version);
      TestArchive.advanceAll(archiver);
      archiver.flush();
      assertThat(archive.contents()).isEqualTo(before);
    }
    assertThat(archiver.archivedVersion()).isEqualTo(log.lastVersion());
    lagging.apply(log.addRandom(new Random(2), 30).lastVersion());
    TestArchive.advanceAll(archiver);
    assertThat(archive.contents().keySet())
        .containsAll(names.subList(names.size() - 3, names.size() - 1));
  }

  /** However long the history is, and however much of it is still there. */
  @Test
  void writing_looksAtTheEndOfTheArchiveOnly() throws Exception {
    TestLog log = new TestLog().addRandom(new Random(1), 400);
    TestArchive.advanceAll(archiver(archive, new TestReplica(log, ID)));
    List<Integer> listed = new ArrayList<>();
    ArchiveStore counted =
        new ForwardingArchiveStore(archive) {
          @Override
          public List<StoredObject> list(String prefix, String after) throws IOException {
            List<StoredObject> found = super.list(prefix, after);
            listed.add(found.size());
            return found;
          }
        };
    LogArchiver archiver = archiver(counted, new TestReplica(log, ID));
    assertThat(listed.removeLast()).isGreaterThan(40); // when it starts

    log.addRandom(new Random(2), 30);
    TestArchive.advanceAll(archiver(counted, new TestReplica(log, ID)));
    assertThat(listed.removeFirst()).isGreaterThan(40);
    TestArchive.advanceAll(archiver);
    archiver.flush();

    assertThat(listed).isNotEmpty().allMatch(count -> count <= 5);
  }

  /** It was away for long, and has its state from another one; or it archives since today only. */
  @Test
  void replicaThatHasLetGo_leavesNoGap_andGoesOnAfterWhoHasAll() throws Exception {
    TestLog log = new TestLog().addRandom(new Random(3), 60);
    TestReplica replica = new TestReplica(log, ID);
    replica.letGo(log.lastVersion() / 2);
    LogArchiver late = archiver(archive, replica);
    assertThatThrownBy(late::advance)
        .isInstanceOf(IOException.class)
        .hasMessageContaining("let a node archive in this directory that keeps all");
    assertThat(archive.contents()).isEmpty();
    LogArchiver other = archiver(archive, new TestReplica(log, ID));
    TestArchive.advanceAll(other);
    TestArchive.advanceAll(late);
    late.flush();
    assertThat(archive.contents()).isEqualTo(atOnce(log).contents());
    assertThat(late.gaps()).isZero();
  }

  @Test
  void replica_keepsWhatIsInNoCompleteSegment() throws Exception {
    TestLog log = new TestLog().addRandom(new Random(4), 60);
    TestReplica replica = new TestReplica(log, ID);
    try (Archiver archiver = start(replica, archive)) {
      archiver.awaitArchived(log.lastVersion(), LONG);
    }
    long complete =
        archive.contents().keySet().stream()
            .flatMap(name -> SegmentName.parse(name.substring(name.lastIndexOf('/') + 1)).stream())
            .filter(SegmentName::isComplete)
            .mapToLong(SegmentName::last)
            .max()
            .orElseThrow();
    assertThat(complete).isLessThan(log.lastVersion());
    assertThat(replica.heldAfter()).isEqualTo(complete);
  }

  /** What it cannot archive must not fill its disk; what it can again is kept again. */
  @Test
  void replicaThatCannotGoOn_keepsNothing_untilItCan() throws Exception {
    TestLog log = new TestLog().addRandom(new Random(3), 60);
    TestReplica late = new TestReplica(log, ID);
    late.letGo(log.lastVersion() / 2);
    try (Archiver archiver = start(late, archive)) {
      awaitFailure(archiver);
      awaitHold(late, Long.MAX_VALUE);
      assertThat(archiver.status().failure().orElseThrow())
          .hasMessageContaining("let a node archive in this directory that keeps all");
      LogArchiver other = archiver(archive, new TestReplica(log, ID));
      TestArchive.advanceAll(other);
      archiver.awaitArchived(log.lastVersion(), LONG);
      awaitHold(late, other.completeVersion());
      assertThat(archiver.status().state()).isEqualTo(ArchiverStatus.State.RUNNING);
    }
    assertThat(late.heldAfter()).isLessThan(Long.MAX_VALUE); // also when it is started again
  }

  @Test
  void replicaWhoseArchiveIsAnothers_keepsNothing() throws Exception {
    TestLog log = log(4);
    try (Archiver first = start(new TestReplica(log, ID), archive)) {
      first.awaitArchived(log.lastVersion(), LONG);
    }
    TestReplica foreign = new TestReplica(log(5), new UUID(7, 71));
    try (Archiver archiver = start(foreign, archive)) {
      awaitStop(archiver);
      awaitHold(foreign, Long.MAX_VALUE);
    }
  }

  /** What has failed may be repaired: then what is archived goes on where it has ended. */
  @Test
  void replicaWhoseArchiverFails_keepsAll() throws Exception {
    TestLog log = log(4);
    TestReplica broken = new TestReplica(log, ID);
    broken.fail();
    try (Archiver archiver = start(broken, archive)) {
      awaitStop(archiver);
    }
    assertThat(broken.heldAfter()).isLessThan(Long.MAX_VALUE);
  }

  private static void awaitStop(Archiver archiver) {
    while (archiver.status().state() != ArchiverStatus.State.STOPPED) {
      Thread.onSpinWait();
    }
  }

  /** Its file system is not mounted: there is an empty directory, in which it has kept nothing. */
  @Test
  void replicaThatKeptForAnArchive_whoseDirectoryIsEmpty_goesOnKeeping() throws Exception {
    TestLog log = new TestLog().addRandom(new Random(3), 60);
    TestReplica replica = new TestReplica(log, ID);
    replica.letGo(log.lastVersion() / 3);
    replica.hold(log.lastVersion() / 2);
    try (Archiver archiver = start(replica, archive)) {
      while (archiver.status().failures() < 2) {
        Thread.onSpinWait();
      }
      assertThat(archiver.status().failure().orElseThrow())
          .hasMessageContaining("mount the archive if this is not it");
    }
    assertThat(replica.heldAfter()).isLessThan(Long.MAX_VALUE);
  }

  /** It may come back at any time. */
  @Test
  void replicaWhoseArchiveIsAway_keepsAll() throws Exception {
    TestLog log = log(6);
    TestReplica replica = new TestReplica(log, ID);
    Path place = Files.createFile(root.resolve("archive")); // in the way
    try (Archiver archiver = start(replica, DirectoryArchiveStore.at(place.resolve("here")))) {
      while (archiver.status().failures() < 3) {
        Thread.onSpinWait();
      }
      assertThat(replica.heldAfter()).isZero();
    }
    assertThat(replica.heldAfter()).isZero();
  }

  private static void awaitFailure(Archiver archiver) {
    while (archiver.status().failures() == 0) {
      Thread.onSpinWait();
    }
  }

  private static void awaitHold(TestReplica replica, long version) {
    while (replica.heldAfter() != version) {
      Thread.onSpinWait();
    }
  }

  /** As when its disk was taken away, and another node was started meanwhile, which began anew. */
  @Test
  void archiveThatWasBegunAgain_isNotGoneOnWith() throws Exception {
    TestLog log = new TestLog().addRandom(new Random(7), 60);
    TestReplica replica = new TestReplica(log, ID);
    LogArchiver archiver = archiver(archive, replica);
    TestArchive.advanceAll(archiver);
    archiver.flush();
    archive.contents().keySet().stream()
        .filter(name -> name.startsWith(Layout.log(1)))
        .forEach(archive::delete);
    replica.apply(log.addRandom(new Random(8), 60).lastVersion());
    assertThatThrownBy(() -> TestArchive.advanceAll(archiver))
        .isInstanceOf(IOException.class)
        .isNotInstanceOf(BackupException.class)
        .hasMessageContaining("is not the archive that it was");
    assertThat(archive.contents()).isEmpty();
    LogArchiver again = archiver(archive, new TestReplica(log, ID));
    TestArchive.advanceAll(again); // by one that has all from the beginning
    TestArchive.advanceAll(archiver);
    again.flush();
    archiver.flush();
    assertThat(archive.contents()).isEqualTo(atOnce(log).contents());
  }

  private static Archiver start(TestReplica replica, ArchiveStore store) {
    return Archiver.start(
        replica,
        store,
        ArchiverOptions.defaults().withRetryDelayMax(Duration.ofMillis(1)),
        LIMITS,
        InstantSource.system());
  }
}
