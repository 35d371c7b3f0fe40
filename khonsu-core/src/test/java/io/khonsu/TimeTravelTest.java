package io.khonsu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.spi.InMemoryStorage;
import io.khonsu.testkit.LeakChecking;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import org.apache.arrow.memory.BufferAllocator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Snapshots of the past, and what is kept for them. */
@ExtendWith(LeakChecking.class)
class TimeTravelTest {
  private static final Duration RETENTION = Duration.ofMinutes(10);
  private static final Instant START = Instant.parse("2026-03-01T00:00:00Z");

  private final InMemoryStorage storage = new InMemoryStorage();
  private BufferAllocator allocator;
  private Instant now = START;
  private Khonsu db;
  private Table table;

  private Khonsu open(Duration retention) {
    StoreConfig config = StoreConfig.builder().retention(retention).build();
    InstantSource clock = () -> now;
    return Khonsu.open(config, storage, allocator, clock);
  }

  @BeforeEach
  void setUp(BufferAllocator root) {
    allocator = root;
    db = open(RETENTION);
    table = Items.rows(db, "items");
  }

  @AfterEach
  void tearDown() {
    db.close();
  }

  private Map<String, Long> at(long version) {
    try (Snapshot snapshot = db.snapshotAt(version)) {
      assertThat(snapshot.version()).isEqualTo(version);
      return Items.state(snapshot, table);
    }
  }

  private Map<String, Long> at(Instant instant) {
    try (Snapshot snapshot = db.snapshotAt(instant)) {
      return Items.state(snapshot, table);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void past_withinTheRetention_isSeenAsItWas(boolean isReopened) {
    long[] versions = new long[10];
    for (int i = 0; i < versions.length; i++) {
      now = START.plusSeconds(60L * i);
      versions[i] = Items.put(db, table, "a", i).version();
      db.collect();
    }
    if (isReopened) {
      db.close();
      db = open(RETENTION);
      table = db.table("items").orElseThrow();
    }
    for (int i = 0; i < versions.length; i++) {
      assertThat(at(versions[i])).isEqualTo(Map.of("a", (long) i));
      assertThat(at(START.plusSeconds(60L * i))).isEqualTo(Map.of("a", (long) i));
      assertThat(at(START.plusSeconds(60L * i + 59))).isEqualTo(Map.of("a", (long) i));
      if (i > 0) {
        assertThat(at(versions[i - 1] + 1_000)).isEqualTo(Map.of("a", i - 1L));
        assertThat(at(versions[i] - 1)).isEqualTo(Map.of("a", i - 1L));
      }
    }
    assertThat(at(now.plusSeconds(1_000))).isEqualTo(Map.of("a", 9L));
    assertThat(at(Instant.MAX)).isEqualTo(Map.of("a", 9L));
  }

  @Test
  void past_beforeTheRetention_isRefusedWithTheOldest() {
    long first = Items.put(db, table, "a", 1).version();
    now = START.plus(RETENTION);
    long second = Items.put(db, table, "a", 2).version();
    db.collect();
    assertThat(at(first)).isEqualTo(Map.of("a", 1L));
    assertThat(db.statistics().held().versions()).isEqualTo(3);

    now = now.plusMillis(1);
    long third = Items.put(db, table, "a", 3).version();
    db.collect();
    long oldest = third - HybridClock.span(RETENTION.toMillis());
    assertThat(db.oldestVersion()).isEqualTo(oldest);
    assertThat(at(oldest)).isEqualTo(Map.of("a", 1L));
    assertThat(at(second)).isEqualTo(Map.of("a", 2L));
    assertThatThrownBy(() -> db.snapshotAt(oldest - 1))
        .isInstanceOf(SnapshotTooOldException.class)
        .hasMessageContaining(String.valueOf(oldest))
        .satisfies(
            e -> assertThat(((SnapshotTooOldException) e).oldestVersion()).isEqualTo(oldest));
    assertThatThrownBy(() -> db.snapshotAt(START.minusMillis(1)))
        .isInstanceOf(SnapshotTooOldException.class);
    assertThatThrownBy(() -> db.snapshotAt(Instant.EPOCH.minusMillis(1)))
        .isInstanceOf(SnapshotTooOldException.class);
    assertThatThrownBy(() -> db.snapshotAt(Instant.MIN))
        .isInstanceOf(SnapshotTooOldException.class);
    assertThatThrownBy(() -> db.snapshotAt(Long.MIN_VALUE))
        .isInstanceOf(SnapshotTooOldException.class);
    assertThatThrownBy(() -> db.snapshotAt(third + 1)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void history_isKeptAsLongAsPromised_andNoLonger() {
    for (int i = 0; i < 100; i++) {
      now = START.plusSeconds(6L * i);
      Items.put(db, table, "a", i);
    }
    db.collect();
    assertThat(db.statistics().held().versions()).isEqualTo(101);
    now = START.plusSeconds(6L * 99).plus(RETENTION.dividedBy(2));
    Items.put(db, table, "b", 0);
    db.collect();
    // Half of the history has left the window, but for the version seen at its very start.
    assertThat(db.statistics().held().versions()).isEqualTo(1 + 1 + 51);
    now = now.plus(RETENTION);
    Items.put(db, table, "b", 1);
    db.collect();
    assertThat(db.statistics().held().versions()).isEqualTo(1 + 1 + 2);
    now = now.plus(RETENTION).plusMillis(1);
    Items.put(db, table, "c", 1);
    db.collect();
    assertThat(db.statistics().held().versions()).isEqualTo(1 + 3);
  }

  @Test
  void openSnapshotOfThePast_keepsWhatItSees() {
    long first = Items.put(db, table, "a", 1).version();
    try (Snapshot past = db.snapshotAt(first)) {
      for (int i = 2; i < 100; i++) {
        now = now.plusSeconds(60);
        Items.put(db, table, "a", i);
        db.collect();
      }
      assertThat(Items.state(past, table)).isEqualTo(Map.of("a", 1L));
      assertThatThrownBy(() -> db.snapshotAt(first)).isInstanceOf(SnapshotTooOldException.class);
    }
  }

  @Test
  void transaction_afterALongPause_isNotTooOld() {
    now = now.plus(Duration.ofHours(5));
    try (Transaction tx = db.begin();
        Transaction other = db.begin()) {
      assertThat(tx.get(table, "a")).isEmpty();
      other.upsert(table, table.row("b", 1L));
      other.commit();
      assertThat(tx.get(table, "b")).isEmpty();
      now = now.plus(Duration.ofMinutes(59));
      Items.put(db, table, "b", 2);
      tx.upsert(table, table.row("c", 1L));
      now = now.plus(Duration.ofMinutes(2));
      Items.put(db, table, "b", 3);
      assertThatThrownBy(() -> tx.get(table, "b")).isInstanceOf(SnapshotTooOldException.class);
    }
  }

  @Test
  void transaction_underAClockSetBack_isNotTooOld() {
    Items.put(db, table, "a", 1);
    now = now.minus(Duration.ofHours(5));
    try (Transaction tx = db.begin()) {
      Items.put(db, table, "b", 1);
      assertThat(tx.get(table, "a")).isPresent();
    }
  }
}
