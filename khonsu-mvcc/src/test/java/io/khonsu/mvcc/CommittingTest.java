package io.khonsu.mvcc;

import static io.khonsu.mvcc.TestTransaction.key;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.mvcc.RecordingLifecycle.Tracked;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Merges, exceptions of foreign code, and what becomes of values. */
class CommittingTest {
  private static final Key X = key("x");
  private static final Key Y = key("y");

  private final RecordingLifecycle lifecycle = new RecordingLifecycle();
  private final AtomicInteger draws = new AtomicInteger();
  private VersionSource versions = previous -> previous + 1;
  private Merger<Tracked> merger = (_, committed, operands) -> sum(committed, operands);
  private final TxnBuffer<Tracked> buffer =
      new TxnBuffer<>(
          new BufferOptions<>(
              previous -> {
                draws.incrementAndGet();
                return versions.next(previous);
              },
              0,
              0,
              TxnBuffer.Publication.AT_COMMIT,
              (key, committed, operands) -> merger.merge(key, committed, operands),
              lifecycle));

  @AfterEach
  void section_isFree() throws InterruptedException {
    Threads.run(buffer::collect);
    assertThat(buffer.statistics().snapshots()).isZero();
  }

  @Test
  void merge_thatComesTooLate_isMadeAgain() {
    put(X, 1);
    List<Long> bases = new ArrayList<>();
    List<Tracked> results = new ArrayList<>();
    merger =
        (_, state, operands) -> {
          Version<Tracked> committed = Invariants.present(state, "a state");
          bases.add(committed.requireValue().content);
          if (bases.size() < 3) {
            put(X, 100L * bases.size()); // somebody commits while this one merges
          }
          results.add(
              new Tracked(
                  committed.requireValue().content + operands.getLast().requireValue().content));
          return new Merger.Item<>(results.getLast(), 0);
        };
    try (TestTransaction<Tracked> tx = begin()) {
      put(X, 2);
      assertThat(tx.put(X, new Tracked(5), ConflictStrategy.APPEND).commits()).isTrue();
    }
    assertThat(bases).containsExactly(2L, 100L, 200L);
    assertThat(content(X)).isEqualTo(205);
    assertThat(lifecycle.discarded).hasValue(2);
    assertThat(results.get(0).isRetired()).isTrue();
    assertThat(results.get(1).isRetired()).isTrue();
    assertThat(results.get(2).isRetired()).isFalse();
  }

  @Test
  void merge_thatIsAlwaysTooLate_isMadeInsideTheSection() {
    put(X, 1);
    AtomicInteger merges = new AtomicInteger();
    merger =
        (_, committed, operands) -> {
          if (merges.incrementAndGet() <= 3) {
            put(X, 1_000L * merges.get());
          }
          return sum(committed, operands);
        };
    try (TestTransaction<Tracked> tx = begin()) {
      put(X, 2);
      assertThat(tx.put(X, new Tracked(5), ConflictStrategy.APPEND).commits()).isTrue();
    }
    assertThat(content(X)).isEqualTo(3_005);
    assertThat(merges.get()).isLessThanOrEqualTo(5);
  }

  @Test
  void merger_thatThrows_leavesNothing() {
    put(X, 1);
    merger =
        (_, _, _) -> {
          throw new ArithmeticException("merge");
        };
    Tracked staged = new Tracked(5);
    try (TestTransaction<Tracked> tx = begin()) {
      put(X, 2);
      tx.put(X, staged, ConflictStrategy.APPEND).put(Y, new Tracked(6));
      assertThatThrownBy(tx::commit).isInstanceOf(ArithmeticException.class);
    }
    assertUnchanged(2, staged);
  }

  @Test
  void versionSource_thatThrowsOrStalls_leavesNothing() {
    put(X, 2);
    Tracked staged = new Tracked(5);
    versions =
        _ -> {
          throw new ArithmeticException("version");
        };
    try (TestTransaction<Tracked> tx = begin()) {
      tx.put(X, staged).put(Y, new Tracked(6));
      assertThatThrownBy(tx::commit).isInstanceOf(ArithmeticException.class);
      versions = previous -> previous;
      assertThatThrownBy(tx::commit).isInstanceOf(AssertionError.class);
    }
    versions = previous -> previous + 1;
    assertUnchanged(2, staged);
  }

  @Test
  void lifecycle_thatThrowsWhenSuperseding_leavesNothing() {
    put(X, 2);
    put(Y, 3);
    put(key("z"), 4);
    Tracked staged = new Tracked(5);
    lifecycle.trap =
        value -> {
          if (value.content == 4) {
            throw new ArithmeticException("superseded");
          }
        };
    try (TestTransaction<Tracked> tx = begin()) {
      tx.put(X, staged).put(Y, new Tracked(6)).put(key("z"), new Tracked(7));
      tx.put(key("new"), new Tracked(8));
      assertThatThrownBy(tx::commit).isInstanceOf(ArithmeticException.class);
    }
    lifecycle.trap = _ -> {};
    assertThat(staged.isRetired()).isFalse();
    assertThat(buffer.statistics().items()).isEqualTo(3);
    assertThat(buffer.statistics().versions()).isEqualTo(3);
    put(X, 9);
    put(Y, 9);
    put(key("z"), 9);
    assertThat(content(X)).isEqualTo(9);
  }

  @Test
  void predicate_thatThrows_leavesNothing() {
    put(X, 2);
    Tracked staged = new Tracked(5);
    try (TestTransaction<Tracked> tx = begin()) {
      tx.reads.addRange(
          TestTransaction.ALL,
          (_, _) -> {
            throw new ArithmeticException("predicate");
          });
      put(X, 2);
      tx.put(Y, staged);
      assertThatThrownBy(tx::commit).isInstanceOf(ArithmeticException.class);
    }
    assertUnchanged(2, staged);
  }

  @Test
  void visitor_thatThrows_endsTheScanOnly() {
    put(X, 1);
    try (Snapshot<Tracked> now = buffer.snapshot()) {
      assertThatThrownBy(() ->
              buffer.scan(
                  TestTransaction.ALL,
                  now,
                  (_, _) -> {
                    throw new ArithmeticException("visitor");
                  }))
          .isInstanceOf(ArithmeticException.class);
    }
    assertThat(TestTransaction.scan(buffer)).hasSize(1);
  }

  @Test
  void write_withoutItsValue_isRefused() {
    try (TestTransaction<Tracked> tx = begin()) {
      tx.put(X, new Tracked(1));
      tx.writes.put(Y, null, 0, ConflictStrategy.FAIL);
      assertThatThrownBy(tx::commit)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("1");
    }
    assertThat(buffer.statistics().items()).isZero();
  }

  @Test
  void abortedRequest_tellsOwnersNothing() {
    Tracked staged = new Tracked(5);
    try (TestTransaction<Tracked> tx = begin()) {
      tx.put(X, staged).put(Y, new Tracked(6));
      assertThat(tx.get(key("r"))).isNull();
      put(key("r"), 1);
      assertThat(tx.commits()).isFalse();
    }
    assertThat(staged.isRetired()).isFalse();
    assertThat(buffer.statistics()).isEqualTo(new BufferStatistics(1, 1, 0, 1));
  }

  @Test
  void droppedWrites_areRetired_andTheOthersStand() {
    put(X, 1);
    Tracked dropped = new Tracked(5);
    try (TestTransaction<Tracked> tx = begin()) {
      put(X, 2);
      tx.put(X, dropped, ConflictStrategy.IGNORE).put(Y, new Tracked(6));
      assertThat(tx.commits()).isTrue();
    }
    assertThat(dropped.isRetired()).isTrue();
    assertThat(content(X)).isEqualTo(2);
    assertThat(content(Y)).isEqualTo(6);
  }

  @Test
  void request_whoseWritesAreAllDropped_commitsNothing() {
    put(X, 1);
    try (TestTransaction<Tracked> tx = begin()) {
      put(X, 2);
      int before = draws.get();
      tx.put(X, new Tracked(5), ConflictStrategy.IGNORE).delete(Y);
      assertThat(TestTransaction.accepted(tx.commit()).version()).isEqualTo(buffer.newestVersion());
      assertThat(draws).hasValue(before);
    }
    assertThat(buffer.newestVersion()).isEqualTo(2);
    assertThat(buffer.statistics().items()).isEqualTo(1);
  }

  @Test
  void merge_intoAnotherValue_retiresTheStagedOne() {
    put(X, 1);
    Tracked staged = new Tracked(5);
    appendAfterConflict(staged);
    assertThat(staged.isRetired()).isTrue();
    assertThat(content(X)).isEqualTo(7);
  }

  @Test
  void merge_thatReturnsTheStagedValue_keepsIt() {
    merger = (_, _, operands) -> new Merger.Item<>(operands.getLast().requireValue(), 0);
    put(X, 1);
    Tracked staged = new Tracked(5);
    appendAfterConflict(staged);
    assertThat(staged.isRetired()).isFalse();
    assertThat(content(X)).isEqualTo(5);
    put(X, 6);
    buffer.collect();
    assertThat(staged.isRetired()).isTrue();
  }

  @Test
  void append_ofADeletion_deletes() {
    put(X, 1);
    try (TestTransaction<Tracked> tx = begin()) {
      put(X, 2);
      assertThat(tx.delete(X, ConflictStrategy.APPEND).commits()).isTrue();
    }
    assertThat(TestTransaction.read(buffer, X)).isNull();
  }

  @Test
  void ref_thatNeverGetsAVersion_costsItsChainOnly() {
    Key ref = buffer.ref(X);
    assertThat(buffer.ref(X)).isSameAs(ref);
    buffer.collect();
    assertThat(buffer.statistics()).isEqualTo(new BufferStatistics(1, 0, 0, 0));
    assertThat(TestTransaction.scan(buffer)).isEmpty();
    put(ref, 1);
    assertThat(content(X)).isEqualTo(1);
    TestTransaction.delete(buffer, ref);
    buffer.collect();
    assertThat(buffer.statistics().items()).isZero();
    put(ref, 2); // dead by now, and still a key
    assertThat(content(X)).isEqualTo(2);
    assertThat(content(ref)).isEqualTo(2);
  }

  @Test
  void keyOfAnotherBuffer_isAKeyLikeOthers() {
    TxnBuffer<Tracked> other = new TxnBuffer<>(BufferOptions.simple());
    Key foreign = other.ref(X);
    put(foreign, 1);
    assertThat(content(X)).isEqualTo(1);
    assertThat(TestTransaction.read(other, foreign)).isNull();
  }

  @Test
  void emptyKey_isReadWrittenAndScanned() {
    Key empty = Key.of(new byte[0]);
    put(empty, 1);
    put(X, 2);
    assertThat(content(empty)).isEqualTo(1);
    assertThat(TestTransaction.scan(buffer).firstKey().sizeBytes()).isZero();
    TestTransaction.delete(buffer, empty);
    buffer.collect();
    assertThat(TestTransaction.read(buffer, empty)).isNull();
    assertThat(TestTransaction.scan(buffer)).hasSize(1);
  }

  @Test
  @Timeout(60)
  void hugeTransactions_takeLinearTime() {
    int size = 200_000;
    for (int round = 0; round < 3; round++) {
      try (TestTransaction<Tracked> tx = begin()) {
        for (int i = 0; i < size; i++) {
          tx.put(key(i), new Tracked(round), ConflictStrategy.REPLACE);
        }
        assertThat(tx.commits()).isTrue();
      }
    }
    try (TestTransaction<Tracked> tx = begin()) {
      for (int i = 0; i < size; i++) {
        tx.delete(key(i));
      }
      assertThat(tx.commits()).isTrue();
    }
    buffer.collect();
    assertThat(buffer.statistics().versions()).isZero();
    assertThat(lifecycle.retired).hasValue(3 * size);
  }

  private static Merger.Item<Tracked> sum(
      @Nullable Version<Tracked> committed, List<Version<Tracked>> operands) {
    long sum = committed == null ? 0 : committed.requireValue().content;
    for (Version<Tracked> operand : operands) {
      sum += operand.requireValue().content;
    }
    return new Merger.Item<>(new Tracked(sum), 0);
  }

  private void appendAfterConflict(Tracked staged) {
    try (TestTransaction<Tracked> tx = begin()) {
      put(X, 2);
      assertThat(tx.put(X, staged, ConflictStrategy.APPEND).commits()).isTrue();
    }
  }

  private void assertUnchanged(long expected, Tracked staged) {
    assertThat(staged.isRetired()).isFalse();
    assertThat(content(X)).isEqualTo(expected);
    assertThat(TestTransaction.read(buffer, Y)).isNull();
    buffer.collect();
    assertThat(buffer.statistics().items()).isEqualTo(1);
    assertThat(buffer.statistics().versions()).isEqualTo(1);
    put(Y, 3);
    assertThat(content(Y)).isEqualTo(3);
  }

  private TestTransaction<Tracked> begin() {
    return TestTransaction.begin(buffer);
  }

  private void put(Key key, long content) {
    TestTransaction.put(buffer, key, new Tracked(content));
  }

  private long content(Key key) {
    return Invariants.present(TestTransaction.read(buffer, key), "a value").content;
  }
}
