package io.khonsu.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.backup.FaultyArchiveStore.Fault;
import io.khonsu.spi.KeyValueStore;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the archiver of a log writes, whatever happens to it. */
class LogArchiverTest {
  private static final Timeline TIMELINE =
      new Timeline(new UUID(1, 2), 1, new UUID(3, 4), 0, 0, Instant.EPOCH);
  private static final SegmentLimits LIMITS = new SegmentLimits(8, 600);

  private final TestLog log = new TestLog();
  private final InMemoryArchiveStore archive = new InMemoryArchiveStore();

  @Test
  void archive_holdsTheLog() throws Exception {
    log.addRandom(new Random(1), 100);

    archiveAll(archive);

    assertThat(read(archive)).isEqualTo(read(log));
  }

  @Test
  void archivers_writeTheSame_whateverTheyWereCalled() throws Exception {
    for (int seed = 0; seed < 20; seed++) {
      Random random = new Random(seed);
      TestLog grown = new TestLog();
      InMemoryArchiveStore other = new InMemoryArchiveStore();
      LogArchiver archiver = archiver(other, grown);
      for (int step = 0; step < 30; step++) {
        switch (random.nextInt(4)) {
          case 0 -> archiver = archiver(other, grown); // restarted
          case 1 -> archiver.flush();
          default -> {
            grown.addRandom(random, random.nextInt(6));
            TestArchive.advanceAll(archiver);
          }
        }
      }
      TestArchive.advanceAll(archiver);
      archiver.flush();
      InMemoryArchiveStore atOnce = new InMemoryArchiveStore();
      archiveAll(atOnce, grown);

      assertThat(other.contents()).as("seed %d", seed).isEqualTo(atOnce.contents());
    }
  }

  /** At each write in turn the archiver fails for good, and another one goes on. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void crash_atEveryWrite_leavesNoTrace(long seed) throws Exception {
    InMemoryArchiveStore expected = new InMemoryArchiveStore();
    long writes = run(expected, new TestLog(), seed, Long.MAX_VALUE, Fault.NOTHING);
    assertThat(writes).isGreaterThan(30);

    for (Fault fault : Fault.values()) {
      for (long write = 1; write <= writes; write++) {
        InMemoryArchiveStore crashed = new InMemoryArchiveStore();
        TestLog same = new TestLog();
        run(crashed, same, seed, write, fault);

        assertThat(crashed.contents())
            .as("seed %d, write %d, %s happened", seed, write, fault)
            .isEqualTo(expected.contents());
        assertThat(read(crashed)).isEqualTo(read(same));
      }
    }
  }

  /** Lets the log grow and archives it; starts another archiver when one has failed. */
  private static long run(
      InMemoryArchiveStore archive, TestLog log, long seed, long failingWrite, Fault fault)
      throws IOException {
    Random random = new Random(seed);
    FaultyArchiveStore faulty = new FaultyArchiveStore(archive, failingWrite, fault);
    LogArchiver archiver = archiver(faulty, log);
    for (int step = 0; step < 25; step++) {
      log.addRandom(random, random.nextInt(7));
      try {
        TestArchive.advanceAll(archiver);
        archiver.flush();
      } catch (IOException _) {
        archiver = archiver(archive, log);
        TestArchive.advanceAll(archiver);
        archiver.flush();
      }
    }
    return faulty.writes();
  }

  /** The same one may also go on, as the running store's does. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void failure_atEveryWrite_isMadeUpForByTheSameArchiver(long seed) throws Exception {
    TestLog whole = new TestLog().addRandom(new Random(seed), 60);
    InMemoryArchiveStore expected = new InMemoryArchiveStore();
    archiveAll(expected, whole);

    for (long write = 1; write <= 12; write++) {
      InMemoryArchiveStore recovering = new InMemoryArchiveStore();
      OnceFaulty once = new OnceFaulty(recovering, write);
      LogArchiver archiver = archiver(once, whole);
      while (archiver.archivedVersion() < whole.lastVersion()) {
        try {
          TestArchive.advanceAll(archiver);
          archiver.flush();
        } catch (IOException _) {
          // It tries again.
        }
      }
      assertThat(recovering.contents()).as("write %d", write).isEqualTo(expected.contents());
    }
  }

  @Test
  void unsyncedTransactions_areNotArchived() throws Exception {
    log.addRandom(new Random(1), 5);
    long synced = log.lastVersion();
    TestLog other = new TestLog().addRandom(new Random(2), 30);
    other.read(synced, record -> log.append(List.of(record), KeyValueStore.Sync.WRITTEN));

    archiveAll(archive);

    assertThat(read(archive).getLast()).isEqualTo(synced);
  }

  @Test
  void longHistory_isArchivedASegmentAtATime() throws Exception {
    log.addRandom(new Random(1), 100);
    LogArchiver archiver = archiver(archive, log);
    int segments = 0;
    for (; archiver.advance(); segments++) {
      assertThat(names(archive)).hasSize(segments + 1);
      assertThat(archiver.archivedVersion()).isEqualTo(names(archive).getLast().last());
    }
    assertThat(segments).isGreaterThan(10);
  }

  @Test
  void partialSegments_areSuperseded() throws Exception {
    LogArchiver archiver = archiver(archive, log);
    for (int i = 1; i <= 8; i++) {
      log.add(i, 8);
      assertThat(archiver.advance()).isEqualTo(i == 8);
      archiver.flush();
      archiver.flush();

      assertThat(archive.list(""))
          .singleElement()
          .extracting(ArchiveStore.StoredObject::name)
          .isEqualTo(
              "t0001/shard-00/log/000000000000-%016x-%016x%s"
                  .formatted(0, i, i < 8 ? ".partial" : ".seg"));
      assertThat(archiver.archivedVersion()).isEqualTo(i);
      assertThat(archiver.completeVersion()).isEqualTo(i < 8 ? 0 : 8);
    }
  }

  @Test
  void logThatLetGo_leavesAGapThatShows() throws Exception {
    log.addRandom(new Random(1), 12);
    archiveAll(archive);
    long before = log.lastVersion();
    log.addRandom(new Random(2), 10);
    long lost = log.lastVersion();
    log.addRandom(new Random(3), 12);
    log.trim(lost);

    LogArchiver archiver = archiver(archive, log);
    TestArchive.advanceAll(archiver);
    archiver.flush();

    assertThat(archiver.gaps()).isEqualTo(1);
    List<Long> versions = read(archive);
    assertThat(versions).containsAll(read(log)).noneMatch(v -> v > before && v <= lost);
    List<SegmentName> names = names(archive);
    for (int i = 1; i < names.size(); i++) {
      assertThat(names.get(i).number()).isEqualTo(i);
    }
    assertThat(names).anyMatch(name -> name.after() == lost);
    assertThat(verify(archive).findings()).isEmpty();
  }

  /** What is in a partial segment only is not lost when the log lets go of it. */
  @Test
  void logThatLetGoOfAPartialSegment_leavesNoGap() throws Exception {
    log.addRandom(new Random(1), 12);
    List<Long> all = new ArrayList<>(read(log));
    archiveAll(archive);
    log.trim(log.lastVersion());
    log.addRandom(new Random(2), 10);

    LogArchiver archiver = archiver(archive, log);
    TestArchive.advanceAll(archiver);
    archiver.flush();

    read(log).stream().filter(version -> !all.contains(version)).forEach(all::add);
    assertThat(archiver.gaps()).isZero();
    assertThat(read(archive)).isEqualTo(all);
  }

  @Test
  void archiveThatBeginsLate_saysAfterWhat() throws Exception {
    log.addRandom(new Random(1), 20);
    log.trim(log.lastVersion() - 1);

    archiveAll(archive);

    assertThat(names(archive).getFirst().after()).isEqualTo(log.trimmedVersion());
  }

  /** Two stores that were one, because a directory was copied. */
  @Test
  void otherHistory_isRefused() throws Exception {
    for (int seed = 0; seed < 10; seed++) {
      InMemoryArchiveStore shared = new InMemoryArchiveStore();
      TestLog one = new TestLog().addRandom(new Random(1), 10);
      TestLog other = new TestLog().addRandom(new Random(1), 10);
      archiveAll(shared, one);
      one.addRandom(new Random(100 + seed), 20);
      other.addRandom(new Random(200 + seed), 20);
      archiveAll(shared, one);

      assertThatThrownBy(() -> archiveAll(shared, other))
          .isInstanceOf(ForeignArchiveException.class)
          .hasMessageContaining("another history");
    }
  }

  private void archiveAll(ArchiveStore target) throws IOException {
    archiveAll(target, log);
  }

  private static void archiveAll(ArchiveStore target, TestLog log) throws IOException {
    LogArchiver archiver = archiver(target, log);
    TestArchive.advanceAll(archiver);
    archiver.flush();
  }

  private static LogArchiver archiver(ArchiveStore archive, TestLog log) throws IOException {
    return new LogArchiver(archive, TIMELINE, log, LIMITS);
  }

  private static List<SegmentName> names(ArchiveStore archive) throws IOException {
    return archive.list(Layout.log(1)).stream()
        .flatMap(
            object -> SegmentName.parse(object.name().substring(Layout.log(1).length())).stream())
        .toList();
  }

  private static List<Long> read(TestLog log) throws IOException {
    List<Long> versions = new ArrayList<>();
    log.read(log.trimmedVersion(), record -> versions.add(record.version()));
    return versions;
  }

  /** {@return the versions in an archive, whose chain is right} */
  private static List<Long> read(ArchiveStore archive) throws IOException {
    List<Long> versions = new ArrayList<>();
    Sha256 previous = Sha256.NONE;
    for (SegmentName name : names(archive)) {
      String object = Layout.log(1) + name;
      try (SegmentReader reader = new SegmentReader(object, name, archive.open(object))) {
        assertThat(reader.header().previous()).isEqualTo(previous);
        for (var frame = reader.next(); frame != null; frame = reader.next()) {
          versions.add(frame.version());
        }
        previous = reader.hash();
      }
    }
    return versions;
  }

  private static VerifyReport verify(InMemoryArchiveStore archive) throws IOException {
    InMemoryArchiveStore copy = archive.copy();
    ArchiveIndex.create(copy, TIMELINE.archive());
    copy.overwrite(Layout.timeline(1), TIMELINE.bytes());
    Verifying verifying = new Verifying(ArchiveIndex.load(copy), BackupProgress.NONE);
    verifying.checkFiles();
    verifying.checkData();
    return verifying.report(VerifyDepth.DATA);
  }

  /** Fails one write, which has not happened. */
  private static final class OnceFaulty extends ForwardingArchiveStore {
    private final long failingWrite;
    private long writes;

    private OnceFaulty(ArchiveStore archive, long failingWrite) {
      super(archive);
      this.failingWrite = failingWrite;
    }

    @Override
    public boolean putIfAbsent(String name, Content content) throws IOException {
      check();
      return super.putIfAbsent(name, content);
    }

    @Override
    public void delete(String name) throws IOException {
      check();
      super.delete(name);
    }

    private void check() throws IOException {
      writes++;
      if (writes == failingWrite) {
        throw new IOException("the archive fails once");
      }
    }
  }
}
