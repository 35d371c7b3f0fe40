package io.khonsu.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.Khonsu;
import io.khonsu.StoreConfig;
import io.khonsu.Table;
import io.khonsu.TableSpec;
import io.khonsu.durable.DurableSettings;
import io.khonsu.durable.DurableStorage;
import io.khonsu.spi.InMemoryKeyValueEngine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The archiver of a running store, whose parts on disk are on the heap here. */
class ArchiverTest {
  private static final Duration LONG = Duration.ofMinutes(5);
  private static final Schema SCHEMA =
      new Schema(List.of(Field.notNullable("id", new ArrowType.Int(64, true))));

  @TempDir Path root;

  private final InMemoryKeyValueEngine engine = new InMemoryKeyValueEngine();
  private final InMemoryArchiveStore archive = new InMemoryArchiveStore();
  private final SwitchedArchive switched = new SwitchedArchive(archive);
  private Khonsu db = Khonsu.inMemory();

  @AfterEach
  void close() {
    db.close();
  }

  @Test
  void commits_areArchived_alsoOverRestarts() throws Exception {
    long last = 0;
    for (int life = 0; life < 3; life++) {
      open("store");
      try (Archiver archiver = start(archive)) {
        last = commit(20);
        archiver.awaitArchived(last, LONG);
        assertThat(archiver.status().archivedVersion()).isEqualTo(last);
        assertThat(archiver.status().state()).isEqualTo(ArchiverStatus.State.RUNNING);
        assertThat(archiver.status().lag()).isZero();
        last = commit(3); // what closing archives
      }
    }
    assertThat(Backups.open(archive).status().windows()).containsExactly(new Window(1, 0, last));
    assertThat(Backups.open(archive).verify(VerifyDepth.DATA, BackupProgress.NONE).isClean())
        .isTrue();
  }

  /** What was committed without an archiver is archived by the next one. */
  @Test
  void logIsHeld_whileNoArchiverRuns() throws Exception {
    open("store");
    start(archive).close();
    long last = commit(30);
    ((DurableStorage) db.storage().orElseThrow()).flushState();
    open("store");

    try (Archiver archiver = start(archive)) {
      archiver.awaitArchived(last, LONG);
      assertThat(archiver.status().gaps()).isZero();
    }
    assertThat(Backups.open(archive).status().windows()).containsExactly(new Window(1, 0, last));
  }

  @Test
  void brokenArchive_holdsUpNoCommit_andIsCaughtUpWith() throws Exception {
    open("store");
    try (Archiver archiver = start(switched)) {
      archiver.awaitArchived(commit(5), LONG);
      switched.broken = true;
      long last = commit(50);

      assertThatThrownBy(() -> archiver.awaitArchived(last, Duration.ofMillis(1)))
          .isInstanceOf(TimeoutException.class);
      switched.awaitFailure();
      while (archiver.status().failures() == 0) {
        Thread.onSpinWait();
      }
      assertThat(archiver.status().state()).isEqualTo(ArchiverStatus.State.RETRYING);
      assertThat(archiver.status().failure().orElseThrow()).hasMessageContaining("unplugged");
      assertThat(archiver.status().archivedVersion()).isLessThan(last);
      assertThat(archiver.status().toString()).contains("RETRYING", "unplugged");

      switched.broken = false;
      archiver.awaitArchived(last, LONG);
      assertThat(archiver.status().failure()).isEmpty();
    }
    assertThat(Backups.open(archive).status().windows()).hasSize(1);
  }

  @Test
  void archiveOfAnotherStore_isRefused() throws Exception {
    open("store");
    start(archive).close();
    open("other");

    assertThatThrownBy(() -> start(archive))
        .isInstanceOf(ForeignArchiveException.class)
        .hasMessageContaining("is the archive of store");
  }

  @Test
  void storeInMemory_isRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Archiver.start(db, archive, ArchiverOptions.defaults()))
        .withMessageContaining("by its path");
  }

  /** A directory that was copied: two stores with one id, of which the second one is found out. */
  @Test
  void copiedStore_stops() throws Exception {
    open("store");
    DurableStorage storage = (DurableStorage) db.storage().orElseThrow();
    long before = commit(10);
    try (Archiver archiver = start(archive)) {
      archiver.awaitArchived(before, LONG);
    }
    // Another history of the same store, further on, as its archive tells.
    TestLog other = new TestLog();
    other.add(before + 1, 20);
    for (int i = 2; i < 20; i++) {
      other.add(before + i, 20);
    }
    Timeline timeline = Objects.requireNonNull(ArchiveIndex.load(archive).timelines().get(1));
    LogArchiver impostor = new LogArchiver(archive, timeline, other, new SegmentLimits(4, 10_000));
    assertThatThrownBy(() -> TestArchive.advanceAll(impostor))
        .isInstanceOf(ForeignArchiveException.class);
    assertThat(storage.log().lastVersion()).isEqualTo(before);
  }

  @Test
  void clockThatGoesBack_changesNothing() throws Exception {
    open("store");
    AtomicLong millis = new AtomicLong(System.currentTimeMillis());
    InstantSource backwards = () -> Instant.ofEpochMilli(millis.addAndGet(-3_600_000));
    try (Archiver archiver =
        Archiver.start(
            (DurableStorage) db.storage().orElseThrow(),
            archive,
            ArchiverOptions.defaults(),
            new SegmentLimits(4, 10_000),
            backwards)) {
      for (int i = 0; i < 5; i++) {
        long version = commit(7);
        assertThat(archiver.status().lag()).isGreaterThanOrEqualTo(Duration.ZERO);
        archiver.awaitArchived(version, LONG);
      }
    }
    assertThat(Backups.open(archive).verify(VerifyDepth.DATA, BackupProgress.NONE).isClean())
        .isTrue();
    assertThat(Backups.open(archive).status().windows())
        .containsExactly(new Window(1, 0, db.newestVersion()));
  }

  @Test
  void restorePoint_isTheNewestCommit() throws Exception {
    open("store");
    try (Archiver archiver = start(archive)) {
      long version = commit(5);

      RestorePoint point = archiver.createRestorePoint("here", LONG);

      assertThat(point.version()).isEqualTo(version);
      commit(5);
      assertThat(Backups.open(archive).plan(new RestoreTarget.AtPoint("here")).version())
          .isEqualTo(version);
      assertThatIllegalArgumentException()
          .isThrownBy(() -> archiver.createRestorePoint("here", LONG));
      assertThatIllegalArgumentException()
          .isThrownBy(() -> archiver.createRestorePoint("../there", LONG));
    }
  }

  @Test
  void closedArchiver_saysSo() throws Exception {
    open("store");
    Archiver archiver = start(archive);
    archiver.close();
    archiver.close();
    long version = commit(1);

    assertThat(archiver.status().state()).isEqualTo(ArchiverStatus.State.CLOSED);
    assertThatThrownBy(() -> archiver.awaitArchived(version, LONG))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("ended");
  }

  @Test
  void badOptions_areRefused() {
    ArchiverOptions options = ArchiverOptions.defaults();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> options.withArchiveTimeout(Duration.ZERO))
        .withMessageContaining("archiveTimeout");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> options.withRetryDelayMax(Duration.ofSeconds(-1)))
        .withMessageContaining("retryDelayMax");
  }

  private void open(String name) throws IOException {
    db.close();
    Path directory = Files.createDirectories(root.resolve(name));
    db =
        Khonsu.open(
            StoreConfig.defaults(),
            DurableStorage.open(directory, DurableSettings.defaults(), engine));
  }

  private Archiver start(ArchiveStore target) throws IOException {
    return Archiver.start(
        (DurableStorage) db.storage().orElseThrow(),
        target,
        ArchiverOptions.defaults().withRetryDelayMax(Duration.ofMillis(1)),
        new SegmentLimits(4, 10_000),
        InstantSource.system());
  }

  private long commit(int count) {
    Table table =
        db.table("rows")
            .orElseGet(() -> db.createTable(TableSpec.rows("rows", SCHEMA).primaryKey("id")));
    for (long i = 0; i < count; i++) {
      long id = i;
      db.run(tx -> tx.upsert(table, table.row(id)));
    }
    return db.newestVersion();
  }
}
