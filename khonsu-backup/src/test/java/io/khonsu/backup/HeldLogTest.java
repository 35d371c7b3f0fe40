package io.khonsu.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.Khonsu;
import io.khonsu.StoreConfig;
import io.khonsu.Table;
import io.khonsu.TableSpec;
import io.khonsu.durable.DurableSettings;
import io.khonsu.durable.DurableStorage;
import io.khonsu.durable.LogKind;
import io.khonsu.spi.KeyValueEngine;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Random;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** An archive that falls so far behind that the log lets go, rather than fill the disk. */
@Timeout(120)
class HeldLogTest {
  private static final Duration LONG = Duration.ofMinutes(1);
  private static final long HELD_MAX_BYTES = 2 << 20;
  private static final Schema SCHEMA =
      new Schema(
          List.of(
              Field.notNullable("id", new ArrowType.Int(64, true)),
              Field.notNullable("bytes", ArrowType.Binary.INSTANCE)));
  private static final DurableSettings SETTINGS =
      DurableSettings.defaults()
          .withDiskReserveBytes(0)
          .withLog(LogKind.SEGMENTS)
          .withSegmentBytes(128 << 10)
          .withLogSizeMaxBytes(1 << 20)
          .withHeldLogMaxBytes(HELD_MAX_BYTES);

  @TempDir private Path root;

  @Test
  void archiveBehind_alarms_losesTheGapOnly_andANewBaseGoesOn() throws Exception {
    ArchiveStore archive = DirectoryArchiveStore.create(root.resolve("archive"));
    SwitchedArchive switched = new SwitchedArchive(archive);
    DurableStorage storage =
        DurableStorage.open(root.resolve("store"), SETTINGS, KeyValueEngine.onClassPath());
    long before;
    long inGap;
    long last;
    try (Khonsu db = Khonsu.open(StoreConfig.defaults(), storage);
        Archiver archiver =
            Archiver.start(
                storage,
                switched,
                ArchiverOptions.defaults().withRetryDelayMax(Duration.ofMillis(1)),
                new SegmentLimits(1, 10_000),
                InstantSource.system())) {
      Table table = db.createTable(TableSpec.rows("t", SCHEMA).primaryKey("id"));
      before = commit(db, table, 1);
      archiver.awaitArchived(before, LONG);
      assertThat(archiver.status().logLetGo()).isFalse();

      switched.broken = true;
      long held = commit(db, table, 2); // the archiver has read it, and keeps it
      switched.awaitFailure();
      inGap = commit(db, table, 3);
      long largest = 0;
      for (long id = 4; !archiver.status().logLetGo(); id++) {
        long _ = commit(db, table, id);
        storage.flushState();
        largest = Math.max(largest, storage.log().sizeBytes());
      }
      assertThat(largest).isBetween(HELD_MAX_BYTES / 2, 3 * HELD_MAX_BYTES);
      assertThat(archiver.status().archivedVersion()).isEqualTo(before);
      assertThat(archiver.status().toString()).contains("logLetGo=true");

      switched.broken = false;
      archiver.awaitArchived(commit(db, table, 1_000), LONG);
      assertThat(archiver.status().gaps()).isEqualTo(1);
      assertThat(Backups.open(archive).status().windows()).containsExactly(new Window(1, 0, held));

      long base = archiver.createBase("after the gap", BackupProgress.NONE).version();
      last = commit(db, table, 1_001);
      archiver.awaitArchived(last, LONG);
      assertThat(Backups.open(archive).status().windows())
          .containsExactly(new Window(1, 0, held), new Window(1, base, last));
    }
    Backups backups = Backups.open(archive);
    assertThatThrownBy(() -> backups.plan(new RestoreTarget.AtVersion(inGap)))
        .isInstanceOf(UnrestorableException.class);
    assertThat(rows(backups, before)).isEqualTo(1);
    assertThat(rows(backups, last)).isGreaterThan(10);
  }

  private static long commit(Khonsu db, Table table, long id) {
    byte[] bytes = new byte[50_000];
    new Random(id).nextBytes(bytes);
    db.run(tx -> tx.insert(table, table.row(id, bytes)));
    return db.newestVersion();
  }

  private long rows(Backups backups, long version) throws Exception {
    Path into = Files.createTempDirectory(root, "restored");
    RestorePlan plan = backups.plan(new RestoreTarget.AtVersion(version));
    RestoreResult _ = backups.restore(plan, into, SETTINGS, BackupProgress.NONE);
    try (Khonsu db = Khonsu.open(into)) {
      Table table = db.table("t").orElseThrow();
      return db.readOnly(snapshot -> snapshot.scan(table).rowCount());
    }
  }
}
