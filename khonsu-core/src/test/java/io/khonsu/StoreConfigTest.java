package io.khonsu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.durable.LogKind;
import io.khonsu.mvcc.Certification;
import io.khonsu.mvcc.ConflictStrategy;
import io.khonsu.mvcc.IsolationLevel;
import io.khonsu.spi.InMemoryStorage;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Settings, as text and in effect. */
class StoreConfigTest {
  private static final StoreConfig OTHER =
      StoreConfig.builder()
          .isolation(IsolationLevel.SNAPSHOT)
          .onConflict(ConflictStrategy.APPEND)
          .certification(Certification.SSN)
          .memoryLimitBytes(123_456_789_012L)
          .memoryBudgetBytes(123_456_789_011L)
          .keySizeMaxBytes(77)
          .rowSizeMaxBytes(1_000)
          .transactionSizeMaxBytes(20_000)
          .retention(Duration.ofDays(2).plusMillis(5))
          .retentionBytes(987_654_321_098L)
          .watchBacklogBytes(4_321)
          .transactionAgeMax(Duration.ofSeconds(90))
          .compactionRowsPerSecond(0)
          .durability(Durability.async(Duration.ofMillis(20)))
          .log(LogKind.SEGMENTS)
          .logSizeMaxBytes(7L << 20)
          .heldLogMaxBytes(1_234_567)
          .diskReserveBytes(0)
          .build();

  @Test
  void text_isReadBack() {
    assertThat(StoreConfig.parse(OTHER.toString())).isEqualTo(OTHER);
    assertThat(StoreConfig.parse(OTHER.toString().replace(", ", "\r\n"))).isEqualTo(OTHER);
    assertThat(StoreConfig.parse(StoreConfig.defaults().toString()))
        .isEqualTo(StoreConfig.defaults());
    assertThat(StoreConfig.defaults())
        .hasToString(
            "isolation=SERIALIZABLE, onConflict=FAIL, certification=OCC,"
                + " memoryLimitBytes=4294967296, memoryBudgetBytes=0, keySizeMaxBytes=1024,"
                + " rowSizeMaxBytes=16777216,"
                + " transactionSizeMaxBytes=536870912, retention=PT0S, retentionBytes=1073741824,"
                + " watchBacklogBytes=268435456, transactionAgeMax=PT1H,"
                + " compactionRowsPerSecond=500000, durability=SYNC, log=ENGINE,"
                + " logSizeMaxBytes=536870912, heldLogMaxBytes=4294967296,"
                + " diskReserveBytes=268435456");
    assertThat(StoreConfig.parse(" retention = PT5M \n\n"))
        .isEqualTo(StoreConfig.builder().retention(Duration.ofMinutes(5)).build());
    assertThat(StoreConfig.parse("")).isEqualTo(StoreConfig.defaults());
  }

  @Test
  void text_thatIsWrong_isRefusedByName() {
    refused("retension=PT5M", "retension", "unknown");
    refused("retention", "retention", "no value");
    refused("retention=PT1M, retention=PT2M", "retention", "twice");
    refused("retention=5 minutes", "retention", "5 minutes");
    refused("memoryLimitBytes=4G", "memoryLimitBytes", "4G");
    refused("memoryLimitBytes=0", "memoryLimitBytes", "0");
    refused("memoryLimitBytes=1000, memoryBudgetBytes=1001", "memoryBudgetBytes", "1000");
    refused("isolation=STRICT", "isolation", "STRICT");
    refused("certification=2PL", "certification", "2PL");
    refused("retentionBytes=0", "retentionBytes", "0");
    refused("watchBacklogBytes=-1", "watchBacklogBytes", "-1");
    refused("keySizeMaxBytes=65537", "keySizeMaxBytes", "65536");
    refused("transactionSizeMaxBytes=1073741825", "transactionSizeMaxBytes", "1073741824");
    refused("transactionAgeMax=PT0S", "transactionAgeMax", "PT0.001S");
    refused("compactionRowsPerSecond=-1", "compactionRowsPerSecond", "-1", "0");
    refused("durability=ASYNC", "durability", "1 ms", "PT0S");
    refused("durability=ASYNC(PT2H)", "durability", "PT2H");
    refused("durability=FAST", "durability", "FAST");
    refused("log=PAPER", "log", "PAPER");
    refused("logSizeMaxBytes=1", "logSizeMaxBytes", "1048576");
    refused("diskReserveBytes=-1", "diskReserveBytes", "-1");
    refused("compactionRowsPerSecond=1e6", "compactionRowsPerSecond", "1e6");
    refused("compactionRowsPerSecond=1000000001", "compactionRowsPerSecond", "1000000000");
  }

  private static void refused(String text, String... parts) {
    assertThatThrownBy(() -> StoreConfig.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll(parts);
  }

  @Test
  void keyLimit_loweredLater_leavesReadableWhatIsStored() {
    InMemoryStorage storage = new InMemoryStorage();
    try (Khonsu db = Khonsu.open(StoreConfig.defaults(), storage)) {
      Table rows = db.createTable(TableSpec.rows("t", Batches.ACCOUNTS).primaryKey("id"));
      db.run(tx -> tx.upsert(rows, rows.row("k".repeat(500), 1L)));
    }
    try (Khonsu db = Khonsu.open(OTHER, storage)) {
      Table rows = db.table("t").orElseThrow();
      Optional<Row> stored = db.readOnly(s -> s.get(rows, "k".repeat(500)));
      assertThat(stored).isPresent();
      assertThatThrownBy(() -> db.run(tx -> tx.upsert(rows, rows.row("k".repeat(78), 1L))))
          .isInstanceOf(LimitExceededException.class);
      db.run(tx -> tx.delete(rows, "k".repeat(500)));
    }
  }

  @Test
  void snapshots_ofThePast_areBounded() {
    try (Khonsu db = Khonsu.inMemory()) {
      db.createTable(TableSpec.rows("t", Batches.ACCOUNTS).primaryKey("id"));
      long newest = db.newestVersion();
      try (Snapshot late = db.snapshotAt(Instant.MAX)) {
        assertThat(late.version()).isEqualTo(newest);
        assertThat(late).hasToString("Snapshot[at version %d]".formatted(newest));
      }
      assertThatThrownBy(() -> db.snapshotAt(newest + 1))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContainingAll(String.valueOf(newest), String.valueOf(newest + 1));
      db.createTable(TableSpec.rows("u", Batches.ACCOUNTS).primaryKey("id"));
      db.collect();
      for (Instant past : new Instant[] {Instant.MIN, Instant.EPOCH}) {
        assertThatThrownBy(() -> db.snapshotAt(past))
            .isInstanceOfSatisfying(
                SnapshotTooOldException.class,
                e -> assertThat(e.oldestVersion()).isEqualTo(db.oldestVersion()));
      }
    }
  }

  @Test
  void timeout_withoutEnd_isTaken() {
    TransactionOptions options =
        TransactionOptions.snapshot().timeout(Duration.ofSeconds(Long.MAX_VALUE)).attemptsMax(6);
    try (Khonsu db = Khonsu.inMemory()) {
      Table rows = db.createTable(TableSpec.rows("t", Batches.ACCOUNTS).primaryKey("id"));
      assertThatThrownBy(() ->
              db.run(
                  options,
                  tx -> {
                    tx.upsert(rows, rows.row("a", 1L));
                    db.run(other -> other.upsert(rows, rows.row("a", 2L)));
                  }))
          .isInstanceOfSatisfying(
              TransactionDeadlineException.class, e -> assertThat(e.attempts()).isEqualTo(6));
    }
    assertThatThrownBy(() -> TransactionOptions.snapshot().timeout(Duration.ZERO))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("PT0S");
    assertThatThrownBy(() -> TransactionOptions.snapshot().attemptsMax(0))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
