package io.khonsu.mvcc;

import static io.khonsu.mvcc.TestTransaction.key;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Who wins, at which level, by which strategy: one table for each way to collide. */
class CertifierTest {
  private static final Key X = key("x");
  private static final Key Y = key("y");

  private final TxnBuffer<Long> buffer =
      new TxnBuffer<>(BufferOptions.<Long>simple().withMerger(Merger.adding()));

  /**
   * x is 10; the transaction does what {@code mine} says, r, w, d for read, write 5, delete;
   * another commits x := 20 or deletes x; the transaction commits.
   */
  @ParameterizedTest
  @CsvSource({
    // what was read only
    "READ_COMMITTED, r, FAIL, update, accepted, 20",
    "SNAPSHOT, r, FAIL, update, accepted, 20",
    "REPEATABLE_READ, r, FAIL, update, READ_WRITE, 20",
    "SERIALIZABLE, r, FAIL, update, READ_WRITE, 20",
    "READ_COMMITTED, r, FAIL, delete, accepted, none",
    "SNAPSHOT, r, FAIL, delete, accepted, none",
    "REPEATABLE_READ, r, FAIL, delete, READ_DELETE, none",
    "SERIALIZABLE, r, FAIL, delete, READ_DELETE, none",
    // blind writes
    "READ_COMMITTED, w, FAIL, update, WRITE_WRITE, 20",
    "SNAPSHOT, w, FAIL, update, WRITE_WRITE, 20",
    "REPEATABLE_READ, w, FAIL, update, WRITE_WRITE, 20",
    "SERIALIZABLE, w, FAIL, update, accepted, 5",
    "READ_COMMITTED, w, IGNORE, update, resolved WRITE_WRITE, 20",
    "SNAPSHOT, w, IGNORE, update, resolved WRITE_WRITE, 20",
    "REPEATABLE_READ, w, IGNORE, update, resolved WRITE_WRITE, 20",
    "SERIALIZABLE, w, IGNORE, update, resolved WRITE_WRITE, 20",
    "READ_COMMITTED, w, REPLACE, update, resolved WRITE_WRITE, 5",
    "SNAPSHOT, w, REPLACE, update, resolved WRITE_WRITE, 5",
    "REPEATABLE_READ, w, REPLACE, update, resolved WRITE_WRITE, 5",
    "SERIALIZABLE, w, REPLACE, update, accepted, 5",
    "READ_COMMITTED, w, APPEND, update, accepted, 25",
    "SNAPSHOT, w, APPEND, update, accepted, 25",
    "REPEATABLE_READ, w, APPEND, update, accepted, 25",
    "SERIALIZABLE, w, APPEND, update, accepted, 25",
    // blind writes of what another deleted
    "READ_COMMITTED, w, FAIL, delete, WRITE_DELETE, none",
    "SNAPSHOT, w, FAIL, delete, WRITE_DELETE, none",
    "REPEATABLE_READ, w, FAIL, delete, WRITE_DELETE, none",
    "SERIALIZABLE, w, FAIL, delete, accepted, 5",
    "SNAPSHOT, w, IGNORE, delete, resolved WRITE_DELETE, none",
    "SERIALIZABLE, w, IGNORE, delete, resolved WRITE_DELETE, none",
    "SNAPSHOT, w, REPLACE, delete, resolved WRITE_DELETE, 5",
    "SERIALIZABLE, w, REPLACE, delete, accepted, 5",
    "SNAPSHOT, w, APPEND, delete, accepted, 5",
    "SERIALIZABLE, w, APPEND, delete, accepted, 5",
    // blind deletions
    "SNAPSHOT, d, FAIL, update, WRITE_WRITE, 20",
    "SERIALIZABLE, d, FAIL, update, accepted, none",
    "SNAPSHOT, d, IGNORE, update, resolved WRITE_WRITE, 20",
    "SERIALIZABLE, d, IGNORE, update, resolved WRITE_WRITE, 20",
    "SNAPSHOT, d, REPLACE, update, resolved WRITE_WRITE, none",
    "SNAPSHOT, d, APPEND, update, accepted, none",
    "SERIALIZABLE, d, APPEND, update, accepted, none",
    "SNAPSHOT, d, FAIL, delete, WRITE_DELETE, none",
    "SERIALIZABLE, d, FAIL, delete, accepted, none",
    "SNAPSHOT, d, IGNORE, delete, resolved WRITE_DELETE, none",
    "SNAPSHOT, d, REPLACE, delete, resolved WRITE_DELETE, none",
    "SNAPSHOT, d, APPEND, delete, accepted, none",
    // what was read and written
    "READ_COMMITTED, rw, FAIL, update, WRITE_WRITE, 20",
    "SNAPSHOT, rw, FAIL, update, WRITE_WRITE, 20",
    "REPEATABLE_READ, rw, FAIL, update, WRITE_WRITE, 20",
    "SERIALIZABLE, rw, FAIL, update, READ_WRITE, 20",
    "REPEATABLE_READ, rw, REPLACE, update, resolved WRITE_WRITE, 5",
    "SERIALIZABLE, rw, REPLACE, update, READ_WRITE, 20",
    "REPEATABLE_READ, rw, IGNORE, update, resolved WRITE_WRITE, 20",
    "SERIALIZABLE, rw, IGNORE, update, READ_WRITE, 20",
    "REPEATABLE_READ, rw, APPEND, update, accepted, 25",
    "SERIALIZABLE, rw, APPEND, update, READ_WRITE, 20",
    // merges
    "READ_COMMITTED, m, FAIL, update, accepted, 25",
    "SNAPSHOT, m, FAIL, update, accepted, 25",
    "REPEATABLE_READ, m, FAIL, update, accepted, 25",
    "SERIALIZABLE, m, FAIL, update, accepted, 25",
    "SNAPSHOT, m, FAIL, delete, accepted, 5",
    "SERIALIZABLE, m, FAIL, delete, accepted, 5",
    "READ_COMMITTED, rm, FAIL, update, accepted, 25",
    "SNAPSHOT, rm, FAIL, update, WRITE_WRITE, 20",
    "REPEATABLE_READ, rm, FAIL, update, WRITE_WRITE, 20",
    "SERIALIZABLE, rm, FAIL, update, READ_WRITE, 20",
    "SNAPSHOT, sm, FAIL, update, WRITE_WRITE, 20",
    "SERIALIZABLE, sm, FAIL, update, READ_WRITE, 20",
    "SNAPSHOT, rm, FAIL, delete, WRITE_DELETE, none",
    "SERIALIZABLE, rm, FAIL, merge, READ_WRITE, 30",
    "SERIALIZABLE, r, FAIL, merge, READ_WRITE, 30",
    "SERIALIZABLE, m, FAIL, merge, accepted, 35",
    "SNAPSHOT, m, FAIL, merge, accepted, 35",
    // what was read and deleted
    "REPEATABLE_READ, rd, FAIL, delete, WRITE_DELETE, none",
    "SERIALIZABLE, rd, FAIL, delete, READ_DELETE, none",
  })
  void collision_atEachLevel_isSettledByItsStrategy(
      IsolationLevel level,
      String mine,
      ConflictStrategy strategy,
      String theirs,
      String verdict,
      String end) {
    TestTransaction.put(buffer, X, 10L);
    try (TestTransaction<Long> tx = TestTransaction.begin(buffer, level);
        TestTransaction<Long> other = TestTransaction.begin(buffer)) {
      if (mine.contains("r")) {
        assertThat(tx.get(X)).isEqualTo(10L);
      }
      if (mine.contains("s")) {
        assertThat(tx.scan(TestTransaction.ALL, null)).hasSize(1);
      }
      if (mine.contains("m")) {
        tx.merge(X, 5L);
      }
      if (mine.contains("w")) {
        tx.put(X, 5L, strategy);
      }
      if (mine.contains("d")) {
        tx.delete(X, strategy);
      }
      if (theirs.equals("update")) {
        other.put(X, 20L);
      } else if (theirs.equals("merge")) {
        other.merge(X, 20L);
      } else {
        other.delete(X);
      }
      assertThat(other.commits()).isTrue();
      CommitResult<Long> result = tx.commit();
      assertThat(verdict(result)).isEqualTo(verdict);
      for (Conflict conflict : conflicts(result)) {
        assertThat((Object) conflict.key()).isEqualTo(X);
        assertThat(conflict.winnerTransaction()).isEqualTo(other.id);
        assertThat(conflict.winnerVersion()).isEqualTo(2);
        assertThat(conflict.range() != null)
            .isEqualTo(mine.contains("s") && level == IsolationLevel.SERIALIZABLE);
      }
    }
    Long now = TestTransaction.read(buffer, X);
    assertThat(now == null ? "none" : now.toString()).isEqualTo(end);
    buffer.collect();
    assertThat(buffer.statistics().versions()).isEqualTo(now == null ? 0 : 1);
    assertThat(buffer.statistics().items()).isEqualTo(now == null ? 0 : 1);
  }

  /** A scan of values below 15 while x is 10 and y is 30; then the other transaction commits. */
  @ParameterizedTest
  @CsvSource({
    "x, 12, READ_WRITE", // stays inside
    "x, 99, READ_WRITE", // leaves: before-image
    "x, , READ_DELETE", // leaves
    "y, 5, READ_WRITE", // enters: after-image
    "y, 31, accepted", // never matches
    "y, , accepted",
    "z, 1, READ_WRITE", // phantom
    "z, 40, accepted",
    "zz, 1, accepted", // beyond the range
  })
  void range_changedByAnother_abortsIfItMatchesBeforeOrAfter(
      String item, @Nullable Long value, String verdict) {
    TestTransaction.put(buffer, X, 10L);
    TestTransaction.put(buffer, Y, 30L);
    KeyInterval range = new KeyInterval(key("x"), key("zz"));
    for (IsolationLevel level : IsolationLevel.values()) {
      try (TestTransaction<Long> tx = TestTransaction.begin(buffer, level);
          TestTransaction<Long> other = TestTransaction.begin(buffer)) {
        assertThat(tx.scan(range, (_, version) -> version.requireValue() < 15)).hasSize(1);
        if (value == null) {
          other.delete(key(item));
        } else {
          other.put(key(item), value);
        }
        assertThat(other.commits()).isTrue();
        CommitResult<Long> result = tx.put(key("total"), 1L).commit();
        boolean validates = level == IsolationLevel.SERIALIZABLE;
        assertThat(verdict(result)).isEqualTo(validates ? verdict : "accepted");
        for (Conflict conflict : conflicts(result)) {
          assertThat(conflict.range()).isEqualTo(range);
          assertThat(conflict.winnerTransaction()).isEqualTo(other.id);
        }
      }
      try (TestTransaction<Long> reset = TestTransaction.begin(buffer)) {
        reset.put(X, 10L).put(Y, 30L).delete(key("z")).delete(key("zz")).delete(key("total"));
        assertThat(reset.commits()).isTrue();
      }
    }
  }

  @Test
  void absentItem_thatAppears_isAStaleRead() {
    try (TestTransaction<Long> tx = TestTransaction.begin(buffer)) {
      assertThat(tx.get(X)).isNull();
      TestTransaction.put(buffer, X, 1L);
      assertThat(verdict(tx.commit())).isEqualTo("READ_WRITE");
    }
  }

  @Test
  void absentItem_thatAppearsOnAChainMadeAnew_isAStaleRead() {
    Key ref = buffer.ref(X);
    try (TestTransaction<Long> tx = TestTransaction.begin(buffer)) {
      assertThat(tx.get(ref)).isNull();
      try (TestTransaction<Long> failed = TestTransaction.begin(buffer, IsolationLevel.SNAPSHOT)) {
        failed.put(ref, 1L).put(Y, 1L);
        TestTransaction.put(buffer, Y, 2L);
        assertThat(failed.commits()).isFalse();
      }
      TestTransaction.put(buffer, X, 1L);
      assertThat(verdict(tx.commit())).isEqualTo("READ_WRITE");
    }
    assertThat(TestTransaction.read(buffer, ref)).isEqualTo(1L);
  }

  @Test
  void readOnlyInEffect_withCurrentReads_isAccepted() {
    TestTransaction.put(buffer, X, 1L);
    try (TestTransaction<Long> tx = TestTransaction.begin(buffer)) {
      assertThat(tx.get(X)).isEqualTo(1L);
      assertThat(tx.scan(TestTransaction.ALL, (_, version) -> version.requireValue() == 1L))
          .hasSize(1);
      CommitRecord<Long> unrelated = TestTransaction.put(buffer, Y, 2L);
      assertThat(TestTransaction.accepted(tx.commit())).isSameAs(unrelated);
    }
  }

  @Test
  void everyConflict_isListedWithItsWinner() {
    List<Long> winners = new ArrayList<>();
    try (TestTransaction<Long> tx = TestTransaction.begin(buffer, IsolationLevel.SNAPSHOT)) {
      for (int i = 0; i < 20; i++) {
        tx.put(key(i), 0L);
      }
      for (int i = 0; i < 20; i++) {
        try (TestTransaction<Long> other = TestTransaction.begin(buffer)) {
          assertThat(other.put(key((i * 7) % 20), 1L).commits()).isTrue();
          winners.add(other.id);
        }
      }
      List<Conflict> conflicts = conflicts(tx.commit());
      assertThat(conflicts).hasSize(20);
      for (int i = 0; i < 20; i++) {
        assertThat(conflicts.get((i * 7) % 20).winnerTransaction()).isEqualTo(winners.get(i));
      }
    }
  }

  @Test
  void hotItem_inARange_isOneConflict() {
    try (TestTransaction<Long> tx = TestTransaction.begin(buffer)) {
      assertThat(tx.scan(TestTransaction.ALL, null)).isEmpty();
      for (long i = 0; i < 100; i++) {
        TestTransaction.put(buffer, X, i);
      }
      List<Conflict> conflicts = conflicts(tx.commit());
      assertThat(conflicts).hasSize(1);
      assertThat(conflicts.getFirst().winnerVersion()).isEqualTo(100);
    }
  }

  @Test
  @Timeout(60)
  void manyConflicts_withManyCommits_takeLinearTime() {
    int count = 60_000;
    try (TestTransaction<Long> tx = TestTransaction.begin(buffer, IsolationLevel.SNAPSHOT);
        TestTransaction<Long> scanning = TestTransaction.begin(buffer)) {
      scanning.scan(TestTransaction.ALL, null);
      for (int i = 0; i < count; i++) {
        tx.put(key(i), 0L, ConflictStrategy.IGNORE);
        TestTransaction.put(buffer, key(i), 1L);
        TestTransaction.put(buffer, X, 1L);
      }
      CommitResult<Long> result = tx.put(Y, 1L).commit();
      assertThat(verdict(result)).startsWith("resolved");
      assertThat(conflicts(result)).hasSize(count);
      assertThat(conflicts(scanning.commit())).hasSize(count + 2);
    }
  }

  @Test
  void snapshot_thatIsClosedOrOfThePast_cannotCommit() {
    TxnBuffer<Long> keeping = new TxnBuffer<>(BufferOptions.<Long>simple().withRetention(10));
    TestTransaction.put(keeping, X, 1L);
    TestTransaction.put(keeping, X, 2L);
    try (TestTransaction<Long> tx = TestTransaction.begin(keeping);
        Snapshot<Long> past = Invariants.present(keeping.snapshotAt(1), "a past")) {
      CommitRequest<Long> historical =
          new CommitRequest<>(
              1, IsolationLevel.SERIALIZABLE, past, new ReadSet<>(), tx.put(X, 1L).writes);
      assertThatThrownBy(() -> keeping.commit(historical))
          .isInstanceOf(IllegalStateException.class);
      tx.snapshot.close();
      assertThatThrownBy(tx::commit).isInstanceOf(IllegalStateException.class);
    }
    assertThat(TestTransaction.read(keeping, X)).isEqualTo(2L);
  }

  private static String verdict(CommitResult<Long> result) {
    return switch (result) {
      case CommitResult.Accepted<Long>(var _, var resolved) when resolved.isEmpty() -> "accepted";
      case CommitResult.Accepted<Long>(var _, var resolved) ->
          "resolved " + resolved.getFirst().type();
      case CommitResult.Aborted<Long>(var conflicts) -> conflicts.getFirst().type().toString();
      case CommitResult.Blocked<Long> _ -> "blocked";
    };
  }

  private static List<Conflict> conflicts(CommitResult<Long> result) {
    return switch (result) {
      case CommitResult.Accepted<Long>(var _, var resolved) -> resolved;
      case CommitResult.Aborted<Long>(var conflicts) -> conflicts;
      case CommitResult.Blocked<Long> _ -> Stream.<Conflict>empty().toList();
    };
  }
}
