package io.khonsu.mvcc;

import static io.khonsu.mvcc.TestTransaction.accepted;
import static io.khonsu.mvcc.TestTransaction.begin;
import static io.khonsu.mvcc.TestTransaction.key;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Who may commit with stale reads, and who may not; one test for each kind of edge. */
class SerialSafetyNetTest {
  private static final Key X = key("x");
  private static final Key Y = key("y");
  private static final Key Z = key("z");
  private static final KeyInterval FROM_A_TO_F = new KeyInterval(key("a"), key("f"));

  private final TxnBuffer<Long> buffer = create(TxnBuffer.Publication.AT_COMMIT);

  private static TxnBuffer<Long> create(TxnBuffer.Publication publication) {
    return new TxnBuffer<>(
        BufferOptions.<Long>simple()
            .withCertification(Certification.SSN)
            .withPublication(publication));
  }

  private static Conflict refused(CommitResult<Long> result) {
    if (result instanceof CommitResult.Aborted<Long>(List<Conflict> conflicts)) {
      assertThat(conflicts).hasSize(1);
      return conflicts.getFirst();
    }
    throw new AssertionError("not refused: " + result);
  }

  private static Predecessor predecessor(Conflict conflict) {
    return Invariants.present(conflict.predecessor(), "a predecessor");
  }

  @Test
  void staleRead_nothingComesBefore_commits() {
    TestTransaction.put(buffer, X, 1L);
    try (TestTransaction<Long> tx = begin(buffer)) {
      assertThat(tx.get(X)).isEqualTo(1L);
      TestTransaction.put(buffer, X, 2L);
      assertThat(tx.put(Y, 1L).commits()).isTrue();
    }
  }

  @Test
  void staleRead_ofWhatIsWritten_isRefused() {
    TestTransaction.put(buffer, X, 1L);
    try (TestTransaction<Long> tx = begin(buffer);
        TestTransaction<Long> other = begin(buffer)) {
      assertThat(tx.get(X)).isEqualTo(1L);
      CommitRecord<Long> winner = accepted(other.put(X, 2L).commit());
      Conflict conflict = refused(tx.put(X, 3L).commit());
      assertThat(conflict.key()).isEqualTo(X);
      assertThat(conflict.type()).isEqualTo(ConflictType.READ_WRITE);
      assertThat(conflict.winnerVersion()).isEqualTo(winner.version());
      assertThat(conflict.winnerTransaction()).isEqualTo(other.id);
      assertThat(predecessor(conflict))
          .isEqualTo(new Predecessor(Predecessor.Edge.WRITE_WRITE, X, winner.version(), other.id));
    }
  }

  @Test
  void writeSkew_namesBothEdges() {
    try (TestTransaction<Long> tx = begin(buffer);
        TestTransaction<Long> other = begin(buffer)) {
      assertThat(tx.get(X)).isNull();
      assertThat(other.get(Y)).isNull();
      CommitRecord<Long> winner = accepted(other.put(X, 1L).commit());
      Conflict conflict = refused(tx.put(Y, 1L).commit());
      assertThat(conflict.key()).isEqualTo(X);
      assertThat(predecessor(conflict))
          .isEqualTo(new Predecessor(Predecessor.Edge.READ_WRITE, Y, winner.version(), other.id));
    }
  }

  @Test
  void blindWrites_inEitherOrder_commit() {
    try (TestTransaction<Long> tx = begin(buffer);
        TestTransaction<Long> other = begin(buffer)) {
      tx.put(X, 1L).put(Y, 1L);
      assertThat(other.put(Y, 2L).put(X, 2L).commits()).isTrue();
      assertThat(tx.commits()).isTrue();
    }
    assertThat(TestTransaction.read(buffer, X)).isEqualTo(1L);
  }

  @Test
  void blindWrite_overWhatMustComeLater_isRefused() {
    TestTransaction.put(buffer, X, 1L);
    try (TestTransaction<Long> tx = begin(buffer)) {
      assertThat(tx.get(X)).isEqualTo(1L);
      TestTransaction.put(buffer, X, 2L);
      TestTransaction.put(buffer, Y, 2L);
      assertThat(predecessor(refused(tx.put(Y, 1L).commit())).edge())
          .isEqualTo(Predecessor.Edge.WRITE_WRITE);
    }
  }

  @Test
  void staleRange_nothingComesBefore_commits() {
    try (TestTransaction<Long> tx = begin(buffer)) {
      assertThat(tx.scan(FROM_A_TO_F, null)).isEmpty();
      TestTransaction.put(buffer, key("c"), 1L);
      assertThat(tx.put(X, 0L).commits()).isTrue();
    }
  }

  @Test
  void writeSkew_ofRanges_isRefused() {
    try (TestTransaction<Long> tx = begin(buffer);
        TestTransaction<Long> other = begin(buffer)) {
      assertThat(tx.scan(FROM_A_TO_F, null)).isEmpty();
      assertThat(other.scan(FROM_A_TO_F, null)).isEmpty();
      assertThat(other.put(key("b"), 1L).commits()).isTrue();
      Conflict conflict = refused(tx.put(key("c"), 1L).commit());
      assertThat(conflict.range()).isEqualTo(FROM_A_TO_F);
      assertThat(conflict.key()).isEqualTo(key("b"));
      assertThat(predecessor(conflict).key()).isEqualTo(key("c"));
    }
  }

  @Test
  void range_changedByWhatItsFilterPasses_only() {
    try (TestTransaction<Long> tx = begin(buffer)) {
      tx.scan(FROM_A_TO_F, (_, version) -> version.requireValue() > 100);
      TestTransaction.put(buffer, key("c"), 1L);
      TestTransaction.put(buffer, X, 1L);
      assertThat(tx.put(X, 2L).commits()).isTrue(); // were c read, x would come after it
    }
  }

  @Test
  void place_goesOnThroughOthers_toWhatEndedBeforeTheBegin() {
    TestTransaction.put(buffer, X, 1L);
    TestTransaction.put(buffer, Y, 1L);
    try (TestTransaction<Long> middle = begin(buffer)) {
      assertThat(middle.get(X)).isEqualTo(1L);
      TestTransaction.put(buffer, X, 2L);
      try (TestTransaction<Long> last = begin(buffer)) {
        assertThat(last.get(Y)).isEqualTo(1L);
        assertThat(middle.put(Y, 2L).commits()).isTrue(); // before the overwriting of x
        Conflict conflict = refused(last.put(Z, 1L).commit()); // before middle, so before that too
        assertThat(predecessor(conflict).edge()).isEqualTo(Predecessor.Edge.BEGIN);
      }
    }
  }

  @Test
  void readOnlyAnomaly_isPreventedByWhoeverReads_evenIfClosed() {
    try (TestTransaction<Long> tx = begin(buffer)) {
      assertThat(tx.get(X)).isNull();
      assertThat(tx.get(Y)).isNull();
      TestTransaction.put(buffer, Y, 20L);
      try (TestTransaction<Long> reader = TestTransaction.beginToRead(buffer)) {
        assertThat(reader.get(Y)).isEqualTo(20L);
      }
      Conflict conflict = refused(tx.put(X, -11L).commit());
      assertThat(conflict.key()).isEqualTo(Y);
      assertThat(predecessor(conflict).edge()).isEqualTo(Predecessor.Edge.SNAPSHOT);
    }
  }

  @Test
  void readOnlySnapshot_openedBeforeWhatIsStale_doesNotMatter() {
    try (TestTransaction<Long> tx = begin(buffer)) {
      assertThat(tx.get(Y)).isNull();
      try (TestTransaction<Long> _ = TestTransaction.beginToRead(buffer)) {
        TestTransaction.put(buffer, Y, 20L);
      }
      assertThat(tx.put(X, 1L).commits()).isTrue();
    }
  }

  @Test
  void transactionThatWroteNothing_isSeenByOthers() {
    try (TestTransaction<Long> tx = begin(buffer)) {
      assertThat(tx.get(Y)).isNull();
      TestTransaction.put(buffer, Y, 20L);
      try (TestTransaction<Long> reading = begin(buffer)) {
        assertThat(reading.get(Y)).isEqualTo(20L);
        assertThat(reading.get(X)).isNull();
        assertThat(reading.commits()).isTrue();
      }
      assertThat(refused(tx.put(X, 1L).commit()).key()).isEqualTo(Y);
    }
  }

  @Test
  void transactionThatWroteNothing_withAStaleRead_isRefused() {
    try (TestTransaction<Long> tx = begin(buffer)) {
      assertThat(tx.get(X)).isNull();
      TestTransaction.put(buffer, X, 1L);
      assertThat(refused(tx.commit()).predecessor()).isNull();
    }
  }

  @Test
  void deletionThatFoundNothing_hasReadSo() {
    try (TestTransaction<Long> tx = begin(buffer);
        TestTransaction<Long> deleting = begin(buffer)) {
      assertThat(tx.get(X)).isNull();
      assertThat(deleting.delete(Y).put(X, 1L).commits()).isTrue();
      Conflict conflict = refused(tx.put(Y, 1L).commit());
      assertThat(predecessor(conflict).edge()).isEqualTo(Predecessor.Edge.READ_WRITE);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"READ_COMMITTED", "SNAPSHOT", "REPEATABLE_READ"})
  void lowerLevels_count_asWriters(IsolationLevel level) {
    TestTransaction.put(buffer, X, 1L);
    TestTransaction.put(buffer, Y, 1L);
    try (TestTransaction<Long> tx = begin(buffer);
        TestTransaction<Long> other = begin(buffer, level)) {
      assertThat(tx.get(X)).isEqualTo(1L);
      assertThat(tx.get(Y)).isEqualTo(1L);
      assertThat(other.put(X, 2L).put(Y, 2L).commits()).isTrue();
      assertThat(refused(tx.put(Y, 3L).commit()).winnerTransaction()).isEqualTo(other.id);
    }
  }

  /** Known: SNAPSHOT allows write skew, also to those who meet a SERIALIZABLE transaction in it. */
  @Test
  void writeSkew_withASnapshotTransactionCommittingFirst_isAllowed() {
    try (TestTransaction<Long> tx = begin(buffer);
        TestTransaction<Long> other = begin(buffer, IsolationLevel.SNAPSHOT)) {
      assertThat(tx.get(X)).isNull();
      assertThat(other.get(Y)).isNull();
      assertThat(other.put(X, 1L).commits()).isTrue();
      assertThat(tx.put(Y, 1L).commits()).isTrue();
    }
  }

  @Test
  void manyCommitsSince_areSearchedOutside() {
    TestTransaction.put(buffer, X, 1L);
    try (TestTransaction<Long> tx = begin(buffer)) {
      assertThat(tx.get(X)).isEqualTo(1L);
      for (long i = 0; i < 1_000; i++) {
        TestTransaction.put(buffer, i == 500 ? X : Z, i);
      }
      assertThat(tx.put(Y, 1L).commits()).isTrue();
    }
    buffer.collect();
    assertThat(buffer.statistics().records()).isLessThanOrEqualTo(1);
  }

  @Test
  void withdrawnCommit_leavesNoTrace() {
    TxnBuffer<Long> stored = create(TxnBuffer.Publication.EXPLICIT);
    try (TestTransaction<Long> tx = begin(stored);
        TestTransaction<Long> other = begin(stored)) {
      assertThat(tx.get(X)).isNull();
      stored.withdraw(accepted(other.put(X, 1L).put(Y, 1L).commit()));
      stored.publish(accepted(tx.put(Y, 2L).commit()));
    }
    assertThat(TestTransaction.read(stored, Y)).isEqualTo(2L);
  }

  @Test
  void safeSnapshot_waitsForTheUnpublished_onlyIfThatComesEarlier() {
    TxnBuffer<Long> stored = create(TxnBuffer.Publication.EXPLICIT);
    List<Long> waits = new ArrayList<>();
    try (TestTransaction<Long> tx = begin(stored);
        TestTransaction<Long> other = begin(stored)) {
      assertThat(tx.get(X)).isNull();
      CommitRecord<Long> first = accepted(other.put(X, 1L).commit());
      stored.safeSnapshot(waits::add).close();
      assertThat(waits).isEmpty(); // it sees neither
      stored.publish(first);
      CommitRecord<Long> second = accepted(tx.put(Y, 1L).commit());
      try (Snapshot<Long> snapshot =
          stored.safeSnapshot(version -> {
            waits.add(version);
            stored.publish(second);
          })) {
        assertThat(snapshot.version()).isEqualTo(second.version());
      }
      assertThat(waits).containsExactly(second.version());
      stored.safeSnapshot(waits::add).close();
      assertThat(waits).hasSize(1);
    }
  }

  @Test
  void relocatedItem_isStillRead() {
    TestTransaction.put(buffer, X, 1L);
    try (TestTransaction<Long> tx = begin(buffer);
        TestTransaction<Long> other = begin(buffer)) {
      assertThat(tx.get(X)).isEqualTo(1L);
      Version<Long> place = Invariants.present(buffer.get(X, tx.snapshot), "x is there");
      assertThat(buffer.relocate(List.of(X), List.of(place), 1L)).isEqualTo(1);
      assertThat(other.get(Y)).isNull();
      assertThat(other.put(X, 2L).commits()).isTrue();
      assertThat(refused(tx.put(Y, 1L).commit()).key()).isEqualTo(X);
    }
  }
}
