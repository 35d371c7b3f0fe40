package io.khonsu.rocksdb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.khonsu.CommitOutcomeUnknownException;
import io.khonsu.Khonsu;
import io.khonsu.StorageException;
import io.khonsu.StoreConfig;
import io.khonsu.StoreException;
import io.khonsu.Table;
import io.khonsu.TableSpec;
import io.khonsu.UnavailableException;
import io.khonsu.durable.DurableSettings;
import io.khonsu.durable.DurableStorage;
import io.khonsu.durable.LogKind;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.NavigableSet;
import java.util.Random;
import java.util.TreeSet;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A disk that is really full: a small file system in memory. Needs Linux and root. */
@Timeout(120)
class FullDiskTest {
  private static final int ROW_BYTES = 60_000;
  private static final int BALLAST_BYTES = 36 << 20;
  private static final long RESERVE_BYTES = 10 << 20;
  private static final Schema SCHEMA =
      new Schema(
          List.of(
              Field.notNullable("id", new ArrowType.Int(64, true)),
              Field.notNullable("bytes", ArrowType.Binary.INSTANCE)));

  @TempDir private Path root;

  /** The ids of rows whose commits have returned. */
  private final NavigableSet<Long> acknowledged = new TreeSet<>();

  private boolean isMounted;

  @BeforeEach
  void mount() throws Exception {
    Files.createDirectory(disk());
    isMounted = works("mount", "-t", "tmpfs", "-o", "size=64m", "none", disk().toString());
    assumeTrue(isMounted, "mounting a small file system needs Linux and root");
    Files.write(disk().resolve("ballast"), new byte[BALLAST_BYTES]);
  }

  @AfterEach
  void unmount() throws Exception {
    if (isMounted && !works("umount", disk().toString())) {
      boolean _ = works("umount", "-l", disk().toString()); // what a failed test has left open
      throw new AssertionError("the small file system is still in use");
    }
  }

  /** With a reserve nothing breaks: commits are refused, and go on in the same store. */
  @ParameterizedTest
  @EnumSource(LogKind.class)
  void reserve_refusesCommits_untilThereIsSpace(LogKind log) throws Exception {
    try (Khonsu db = open(log, RESERVE_BYTES)) {
      StoreException refusal = fill(db);
      assertThat(refusal)
          .isInstanceOf(UnavailableException.class)
          .hasMessageContaining("diskReserveBytes");
      assertThat(ids(db)).isEqualTo(acknowledged);

      Files.delete(disk().resolve("ballast"));
      commit(db, 1_000_000);
      assertThat(ids(db)).isEqualTo(acknowledged);
    }
    try (Khonsu db = open(log, RESERVE_BYTES)) {
      assertThat(ids(db)).isEqualTo(acknowledged);
    }
  }

  /** Without one the disk itself says no. What was acknowledged is there when there is space. */
  @ParameterizedTest
  @EnumSource(LogKind.class)
  void withoutReserve_nothingAcknowledgedIsLost(LogKind log) throws Exception {
    fillUp(log);
    long unsure = acknowledged.last() + 1;

    Files.delete(disk().resolve("ballast"));
    try (Khonsu db = open(log, 0)) {
      NavigableSet<Long> found = ids(db);
      found.remove(unsure); // whole, or absent
      assertThat(found).isEqualTo(acknowledged);
      commit(db, 1_000_000);
      assertThat(ids(db)).containsAll(acknowledged);
    }
  }

  private void fillUp(LogKind log) throws IOException {
    Khonsu full = open(log, 0);
    try {
      assertThat(fill(full))
          .isInstanceOfAny(
              UnavailableException.class,
              CommitOutcomeUnknownException.class,
              StorageException.class);
      assertThat(ids(full)).isEqualTo(acknowledged);
    } finally {
      closeFull(full);
    }
  }

  private static void closeFull(Khonsu db) {
    try {
      db.close();
    } catch (StorageException e) {
      assertThat(e).hasMessageContaining("cannot be closed");
    }
  }

  /** Commits until that fails; {@return how}. */
  private StoreException fill(Khonsu db) {
    for (long id = 0; id < 10_000; id++) {
      try {
        commit(db, id);
      } catch (StoreException e) {
        return e;
      }
    }
    throw new AssertionError("the disk did not get full");
  }

  private void commit(Khonsu db, long id) {
    byte[] bytes = new byte[ROW_BYTES];
    new Random(id).nextBytes(bytes);
    Table table = db.table("t").orElseThrow();
    db.run(tx -> tx.insert(table, table.row(id, bytes)));
    acknowledged.add(id);
  }

  private static NavigableSet<Long> ids(Khonsu db) {
    NavigableSet<Long> ids = new TreeSet<>();
    Table table = db.table("t").orElseThrow();
    db.readOnly(snapshot -> {
      for (var row : snapshot.scan(table).rows()) {
        byte[] bytes = new byte[ROW_BYTES];
        new Random(row.getLong("id")).nextBytes(bytes);
        assertThat((byte[]) row.get("bytes")).isEqualTo(bytes);
        ids.add(row.getLong("id"));
      }
      return ids;
    });
    return ids;
  }

  private Khonsu open(LogKind log, long reserveBytes) throws IOException {
    DurableSettings settings =
        DurableSettings.defaults()
            .withLog(log)
            .withSegmentBytes(1 << 20)
            .withDiskReserveBytes(reserveBytes);
    Khonsu db =
        Khonsu.open(
            StoreConfig.defaults(),
            DurableStorage.open(disk().resolve("store"), settings, new RocksDbEngine()));
    if (db.table("t").isEmpty()) {
      Table _ = db.createTable(TableSpec.rows("t", SCHEMA).primaryKey("id"));
    }
    return db;
  }

  private Path disk() {
    return root.resolve("disk");
  }

  /** Runs a command. {@return whether it ended with 0; false if there is none of that name} */
  private boolean works(String... command) throws InterruptedException {
    try {
      Redirect output = Redirect.appendTo(root.resolve("commands").toFile());
      return new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(output)
              .start()
              .waitFor()
          == 0;
    } catch (IOException _) {
      return false;
    }
  }
}
