package io.khonsu.rocksdb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.Khonsu;
import io.khonsu.OpenRefusedException;
import io.khonsu.Snapshot;
import io.khonsu.SnapshotTooOldException;
import io.khonsu.StoreConfig;
import io.khonsu.Table;
import io.khonsu.TableSpec;
import io.khonsu.durable.LogKind;
import io.khonsu.spi.StorageRefusedException.Reason;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Stores opened by their path, with RocksDB on the class path. */
class DurableStoreTest {
  private static final Schema SCHEMA =
      new Schema(
          List.of(
              Field.notNullable("id", ArrowType.Utf8.INSTANCE),
              Field.notNullable("balance", new ArrowType.Int(64, true))));

  @TempDir private Path root;

  @ParameterizedTest
  @EnumSource(LogKind.class)
  void open_again_findsWhatWasCommitted(LogKind log) {
    Path place = root.resolve("a/new/store");
    long version;
    try (Khonsu db = Khonsu.open(place, config(log))) {
      Table accounts = db.createTable(TableSpec.rows("accounts", SCHEMA).primaryKey("id"));
      db.run(tx -> tx.insert(accounts, accounts.row("alice", 100L)));
      db.run(tx -> tx.upsert(accounts, accounts.row("bob", 20L)));
      db.run(tx -> tx.delete(accounts, "alice"));
      version = db.newestVersion();
    }
    for (int life = 0; life < 3; life++) {
      try (Khonsu db = Khonsu.open(place)) {
        assertThat(db.newestVersion()).isEqualTo(version);
        Table accounts = db.table("accounts").orElseThrow();
        try (Snapshot snapshot = db.snapshot()) {
          assertThat(snapshot.scan(accounts).rowCount()).isEqualTo(1);
          assertThat(snapshot.get(accounts, "bob").orElseThrow().getLong("balance"))
              .isEqualTo(20 + life);
        }
        long older = version - 1;
        assertThatThrownBy(() -> db.snapshotAt(older))
            .isInstanceOfSatisfying(
                SnapshotTooOldException.class,
                e -> assertThat(e.oldestVersion()).isLessThanOrEqualTo(db.newestVersion()));
        long next = 21L + life;
        db.run(tx -> tx.upsert(accounts, accounts.row("bob", next)));
        assertThat(db.newestVersion()).isGreaterThan(version);
        version = db.newestVersion();
      }
    }
  }

  @Test
  void open_whileOpen_orOfSomethingElse_isRefused() throws Exception {
    Path place = root.resolve("store");
    try (Khonsu db = Khonsu.open(place)) {
      assertRefused(place, Reason.IN_USE);
      assertThat(db.tables()).isEmpty();
    }
    Path other = Files.createDirectory(root.resolve("other"));
    Path document = Files.writeString(other.resolve("document.txt"), "hello");
    assertRefused(other, Reason.NOT_A_STORE);
    assertRefused(document, Reason.NOT_A_STORE);
    assertThat(other).isDirectoryContaining("glob:**/document.txt");
  }

  private static void assertRefused(Path place, Reason reason) {
    assertThatThrownBy(() -> Khonsu.open(place))
        .isInstanceOfSatisfying(
            OpenRefusedException.class, e -> assertThat(e.reason()).isEqualTo(reason));
  }

  private static StoreConfig config(LogKind log) {
    return StoreConfig.builder().log(log).build();
  }
}
