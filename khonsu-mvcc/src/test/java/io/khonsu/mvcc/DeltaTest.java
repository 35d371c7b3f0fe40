package io.khonsu.mvcc;

import static io.khonsu.mvcc.TestTransaction.accepted;
import static io.khonsu.mvcc.TestTransaction.key;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.mvcc.RecordingLifecycle.Tracked;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Merges that are committed as they are, and worked out later. */
class DeltaTest {
  private static final Key X = key("x");
  private static final Key Y = key("y");

  private final RecordingLifecycle lifecycle = new RecordingLifecycle();
  private final Sums sums = new Sums();

  /** Adds, later, with a book of what it made. */
  private static final class Sums implements Merger<Tracked> {
    final List<Tracked> made = new ArrayList<>();
    final AtomicInteger operandsMax = new AtomicInteger();
    volatile long refused = Long.MIN_VALUE;

    @Override
    public Item<Tracked> merge(
        Key key, @Nullable Version<Tracked> committed, List<Version<Tracked>> operands) {
      long sum = committed == null ? 0 : alive(committed);
      for (Version<Tracked> operand : operands) {
        sum += alive(operand);
        if (operand.requireValue().content == refused) {
          throw new ArithmeticException("refused");
        }
      }
      operandsMax.accumulateAndGet(operands.size(), Math::max);
      Tracked result = new Tracked(sum);
      synchronized (made) {
        made.add(result);
      }
      return new Item<>(result, 0);
    }

    /** {@return the content of a version that nobody has let go of} */
    private static long alive(Version<Tracked> version) {
      Tracked value = version.requireValue();
      Invariants.check(!value.isRetired(), "what is merged has not been let go of");
      return value.content;
    }

    @Override
    public long weigh(
        Key key, Version<Tracked> operand, @Nullable Version<Tracked> below, long weightBelow) {
      return 0;
    }
  }

  private TxnBuffer<Tracked> buffer(TxnBuffer.Publication publication, long retention) {
    return new TxnBuffer<>(
        BufferOptions.<Tracked>simple()
            .withLifecycle(lifecycle)
            .withMerger(sums)
            .withPublication(publication)
            .withRetention(retention));
  }

  private static CommitRecord<Tracked> merge(TxnBuffer<Tracked> buffer, Key key, long operand) {
    return accepted(commit(buffer, key, new Tracked(operand)));
  }

  private static CommitResult<Tracked> commit(TxnBuffer<Tracked> buffer, Key key, Tracked operand) {
    try (TestTransaction<Tracked> tx = TestTransaction.begin(buffer)) {
      return tx.merge(key, operand).commit();
    }
  }

  private static long content(@Nullable Version<Tracked> version) {
    return Invariants.present(version, "an item").requireValue().content;
  }

  private static long content(TxnBuffer<Tracked> buffer, Key key) {
    try (Snapshot<Tracked> now = buffer.readOnlySnapshot()) {
      return content(buffer.get(key, now));
    }
  }

  @Test
  void merge_isMadeWhenItIsAskedFor_once() {
    TxnBuffer<Tracked> buffer = buffer(TxnBuffer.Publication.AT_COMMIT, 0);
    TestTransaction.put(buffer, X, new Tracked(1));
    merge(buffer, X, 10);
    merge(buffer, X, 100);
    merge(buffer, Y, 5);
    assertThat(sums.made).isEmpty();
    assertThat(content(buffer, X)).isEqualTo(111);
    assertThat(content(buffer, X)).isEqualTo(111);
    assertThat(sums.made).hasSize(1);
    assertThat(TestTransaction.scan(buffer)).hasSize(2);
    assertThat(content(buffer, Y)).isEqualTo(5);
    assertThat(sums.made).hasSize(2);
  }

  @Test
  void readersAtOnce_makeItOnce_andGetOneVersion() throws InterruptedException {
    TxnBuffer<Tracked> buffer = buffer(TxnBuffer.Publication.AT_COMMIT, 0);
    int rounds = 300;
    int threads = 4;
    CyclicBarrier barrier = new CyclicBarrier(threads);
    List<Set<Version<Tracked>>> found = new ArrayList<>();
    for (int round = 0; round < rounds; round++) {
      found.add(ConcurrentHashMap.newKeySet());
      for (int i = 0; i < 5; i++) {
        merge(buffer, key(round), 1);
      }
    }
    Threads.run(
        threads,
        _ -> {
          for (int round = 0; round < rounds; round++) {
            barrier.await();
            try (Snapshot<Tracked> now = buffer.readOnlySnapshot()) {
              Version<Tracked> version = Invariants.present(buffer.get(key(round), now), "an item");
              assertThat(content(version)).isEqualTo(5);
              found.get(round).add(version);
            }
          }
        });
    assertThat(found).allMatch(versions -> versions.size() == 1);
    assertThat(sums.made).hasSize(rounds);
  }

  @Test
  void runs_areBounded_withoutAnyReader() {
    TxnBuffer<Tracked> buffer = buffer(TxnBuffer.Publication.AT_COMMIT, 0);
    for (int i = 0; i < 5_000; i++) {
      merge(buffer, X, 1);
    }
    assertThat(sums.operandsMax.get()).isBetween(1, Deltas.RUN_MAX + 1);
    assertThat(buffer.statistics().versions()).isLessThan(3 * Deltas.RUN_MAX);
    assertThat(content(buffer, X)).isEqualTo(5_000);
    assertBooks(buffer, 5_000);
  }

  @Test
  void everyVersion_hasItsValue_inWhicheverOrderTheyAreRead() {
    TxnBuffer<Tracked> buffer = buffer(TxnBuffer.Publication.AT_COMMIT, 1_000);
    int merges = 100;
    for (int i = 1; i <= merges; i++) {
      merge(buffer, X, i);
    }
    for (int step = 0; step < merges; step++) {
      int version = 1 + (step * 37) % merges;
      try (Snapshot<Tracked> past = buffer.snapshotAt(version)) {
        assertThat(content(buffer.get(X, Invariants.present(past, "a snapshot"))))
            .isEqualTo(version * (version + 1L) / 2);
      }
    }
  }

  @Test
  void oldSnapshot_keepsWhatItsDeltasNeed_andNoMore() {
    TxnBuffer<Tracked> buffer = buffer(TxnBuffer.Publication.AT_COMMIT, 0);
    TestTransaction.put(buffer, X, new Tracked(1));
    merge(buffer, X, 1);
    try (Snapshot<Tracked> old = buffer.readOnlySnapshot()) {
      for (int i = 0; i < 1_000; i++) {
        merge(buffer, X, 1);
      }
      buffer.collect();
      assertThat(content(buffer, X)).isEqualTo(1_002);
      buffer.collect();
      assertThat(content(buffer.get(X, old))).isEqualTo(2);
      assertThat(buffer.statistics().versions()).isLessThanOrEqualTo(4);
    }
    buffer.collect();
    buffer.collect();
    assertThat(buffer.statistics().versions()).isEqualTo(1);
    assertBooks(buffer, 1_002);
  }

  @Test
  void collecting_worksOutWhatHoldsItUp() {
    TxnBuffer<Tracked> buffer = buffer(TxnBuffer.Publication.AT_COMMIT, 0);
    for (int i = 0; i < 20; i++) {
      merge(buffer, X, 1);
    }
    buffer.collect(); // keeps all, and works out the newest
    assertThat(sums.made).hasSize(1);
    buffer.collect();
    assertThat(buffer.statistics().versions()).isEqualTo(1);
    assertThat(lifecycle.retired).hasValue(20);
  }

  @Test
  void failure_isTheReadersWhoAsk_untilItSucceeds() {
    TxnBuffer<Tracked> buffer = buffer(TxnBuffer.Publication.AT_COMMIT, 0);
    TestTransaction.put(buffer, X, new Tracked(1));
    merge(buffer, X, 7);
    sums.refused = 7; // as when memory is short
    assertThatThrownBy(() -> content(buffer, X)).isInstanceOf(ArithmeticException.class);
    buffer.collect();
    TestTransaction.put(buffer, Y, new Tracked(2));
    assertThat(content(buffer, Y)).isEqualTo(2);
    sums.refused = Long.MIN_VALUE;
    assertThat(content(buffer, X)).isEqualTo(8);
  }

  @Test
  void unpublished_thatCannotBeMerged_isWithdrawnAlone() {
    TxnBuffer<Tracked> buffer = buffer(TxnBuffer.Publication.EXPLICIT, 0);
    CommitRecord<Tracked> first = merge(buffer, X, 1);
    CommitRecord<Tracked> second = merge(buffer, X, 10);
    CommitRecord<Tracked> third = merge(buffer, X, 100);
    sums.refused = 10;
    assertThatThrownBy(() -> buffer.publish(third)).isInstanceOf(ArithmeticException.class);
    assertThat(buffer.newestVersion()).isZero();
    buffer.publish(first);
    assertThatThrownBy(() -> second.version(0)).isInstanceOf(ArithmeticException.class);
    buffer.withdraw(second);
    buffer.publish(third);
    assertThat(content(buffer, X)).isEqualTo(101);
    assertBooks(buffer, 3);
  }

  @Test
  void withdrawing_takesBackWhatWasMergedOnTop() {
    TxnBuffer<Tracked> buffer = buffer(TxnBuffer.Publication.EXPLICIT, 0);
    buffer.publish(merge(buffer, X, 1));
    CommitRecord<Tracked> refused = merge(buffer, X, 10);
    CommitRecord<Tracked> later = merge(buffer, X, 100);
    assertThat(content(refused.version(0))).isEqualTo(11);
    assertThat(content(later.version(0))).isEqualTo(111);
    buffer.withdraw(refused);
    assertThat(content(later.version(0))).isEqualTo(101);
    buffer.publish(later);
    assertThat(content(buffer, X)).isEqualTo(101);
    assertBooks(buffer, 3);
  }

  @Test
  void follower_isShownBothImages() {
    TxnBuffer<Tracked> buffer = buffer(TxnBuffer.Publication.AT_COMMIT, 0);
    TestTransaction.put(buffer, X, new Tracked(1));
    List<String> images = new ArrayList<>();
    try (ChangeCursor<Tracked> cursor = buffer.follow(TestTransaction.ALL, Y)) {
      for (int i = 0; i < 3; i++) {
        merge(buffer, X, 1);
      }
      while (cursor.read(
              (_, before, after) -> images.add(content(before) + " to " + content(after)))
          != null) {
        cursor.pass();
      }
    }
    assertThat(images).containsExactly("1 to 2", "2 to 3", "3 to 4");
  }

  @Test
  void relocation_takesTheValue_andLetsGoOfTheOperand() {
    TxnBuffer<Tracked> buffer = buffer(TxnBuffer.Publication.AT_COMMIT, 0);
    Tracked operand = new Tracked(3);
    TestTransaction.put(buffer, X, new Tracked(1));
    accepted(commit(buffer, X, operand));
    try (Snapshot<Tracked> now = buffer.readOnlySnapshot()) {
      Version<Tracked> version = Invariants.present(buffer.get(X, now), "an item");
      assertThat(buffer.relocate(List.of(X), List.of(version), new Tracked(4))).isEqualTo(1);
    }
    buffer.collect();
    assertThat(operand.isRetired()).isTrue();
    assertThat(sums.made).singleElement().matches(Tracked::isRetired);
    assertThat(content(buffer, X)).isEqualTo(4);
    assertThat(buffer.statistics().versions()).isEqualTo(1);
  }

  @Test
  void purge_ofWhatIsNotWorkedOut_retiresIt() {
    TxnBuffer<Tracked> buffer = buffer(TxnBuffer.Publication.AT_COMMIT, 0);
    for (int i = 0; i < 5; i++) {
      merge(buffer, X, 1);
    }
    TestTransaction.put(buffer, Y, new Tracked(1));
    assertThat(buffer.purge(new KeyInterval(X, Y), buffer.newestVersion())).isTrue();
    assertThat(lifecycle.retired).hasValue(5);
    assertThat(sums.made).isEmpty();
    buffer.clear();
    assertThat(lifecycle.retired).hasValue(6);
  }

  @Test
  void record_knowsThatItWasMerged_whateverBecameOfIt() {
    TxnBuffer<Tracked> buffer = buffer(TxnBuffer.Publication.EXPLICIT, 0);
    CommitRecord<Tracked> published = merge(buffer, X, 1);
    CommitRecord<Tracked> withdrawn = merge(buffer, X, 10);
    CommitRecord<Tracked> put = TestTransaction.put(buffer, Y, new Tracked(1));
    buffer.publish(published);
    buffer.withdraw(withdrawn);
    assertThat(published.isMerged()).isTrue();
    assertThat(withdrawn.isMerged()).isTrue();
    assertThat(put.isMerged()).isFalse();
  }

  @Test
  void withdrawing_whatHidAMerge_reinstatesItIfItWasCollectedMeanwhile() {
    TxnBuffer<Tracked> buffer = buffer(TxnBuffer.Publication.EXPLICIT, 0);
    buffer.publish(merge(buffer, X, 1));
    buffer.publish(merge(buffer, X, 10));
    CommitRecord<Tracked> refused = TestTransaction.put(buffer, X, new Tracked(100));
    buffer.collect();
    buffer.withdraw(refused);
    assertThat(content(buffer, X)).isEqualTo(11);
    buffer.publish(TestTransaction.put(buffer, X, new Tracked(5)));
    assertThat(content(buffer, X)).isEqualTo(5);
    assertBooks(buffer, 4);
  }

  @ParameterizedTest
  @EnumSource(Certification.class)
  void rangeReader_isNotFailedByAnother_whoseMergeCannotBeMade(Certification certification) {
    TxnBuffer<Tracked> buffer =
        new TxnBuffer<>(
            BufferOptions.<Tracked>simple()
                .withLifecycle(lifecycle)
                .withMerger(sums)
                .withCertification(certification)
                .withPublication(TxnBuffer.Publication.EXPLICIT));
    buffer.publish(TestTransaction.put(buffer, X, new Tracked(1)));
    sums.refused = 10;
    try (TestTransaction<Tracked> reader = TestTransaction.begin(buffer)) {
      var _ = reader.scan(TestTransaction.ALL, (_, version) -> content(version) > 1_000);
      CommitRecord<Tracked> failing = merge(buffer, X, 10);
      CommitResult<Tracked> result = reader.put(Y, new Tracked(2)).commit();
      buffer.withdraw(failing);
      if (result instanceof CommitResult.Aborted<Tracked>(List<Conflict> conflicts)) {
        assertThat(conflicts).extracting(Conflict::key).containsExactly(X);
      } else {
        assertThat(certification).isEqualTo(Certification.SSN);
        buffer.publish(accepted(result));
      }
    }
  }

  /** Whoever makes commits durable meets a record as soon as it is appended. */
  @Test
  void merge_madeBeforeItIsInstalled_hasWhatIsBelow() {
    TxnBuffer<Tracked> buffer = buffer(TxnBuffer.Publication.EXPLICIT, 0);
    for (Key key : List.of(X, Y)) {
      buffer.publish(TestTransaction.put(buffer, key, new Tracked(1)));
    }
    List<Long> met = new ArrayList<>();
    lifecycle.weighing =
        () -> {
          CommitRecord<Tracked> next = buffer.newestRecord().next();
          if (next != null && met.isEmpty()) {
            met.add(content(next.version(1)));
          }
        };
    try (ChangeCursor<Tracked> _ = buffer.follow(TestTransaction.ALL, X);
        TestTransaction<Tracked> tx = TestTransaction.begin(buffer)) {
      tx.merge(X, new Tracked(10)).merge(Y, new Tracked(20));
      buffer.publish(accepted(tx.commit()));
    }
    assertThat(met).containsExactly(21L);
    assertThat(content(buffer, Y)).isEqualTo(21);
  }

  @Test
  void merge_thatIsIgnored_isNotMade() {
    Merger<Tracked> atOnce = (key, committed, operands) -> sums.merge(key, committed, operands);
    TxnBuffer<Tracked> buffer =
        new TxnBuffer<>(
            BufferOptions.<Tracked>simple().withLifecycle(lifecycle).withMerger(atOnce));
    TestTransaction.put(buffer, X, new Tracked(1));
    try (TestTransaction<Tracked> tx = TestTransaction.begin(buffer, IsolationLevel.SNAPSHOT)) {
      assertThat(content(buffer.read(X, tx.snapshot, tx.reads))).isEqualTo(1);
      TestTransaction.put(buffer, X, new Tracked(2));
      tx.writes.merge(X, new Tracked(10), 0, ConflictStrategy.IGNORE);
      tx.put(Y, new Tracked(3));
      accepted(tx.commit());
    }
    assertThat(sums.made).isEmpty();
    assertThat(content(buffer, X)).isEqualTo(2);
    assertBooks(buffer, 4);
  }

  /** Counters under fire: merging, reading, collecting and overwriting at the same time. */
  @Test
  void threads_mergingIntoOneItem_loseNothing_andKeepTheBooks() throws InterruptedException {
    TxnBuffer<Tracked> buffer = buffer(TxnBuffer.Publication.AT_COMMIT, 50);
    AtomicLong aborts = new AtomicLong();
    AtomicInteger merging = new AtomicInteger(3);
    int each = 20_000;
    Threads.run(
        4,
        number -> {
          if (number == 3) {
            long last = 0;
            for (int i = 0; merging.get() > 0; i++) {
              long now = i % 3 == 0 ? oldest(buffer) : current(buffer);
              assertThat(i % 3 == 0 ? Math.max(now, last) : now).isGreaterThanOrEqualTo(last);
              last = i % 3 == 0 ? last : now;
              if (i % 16 == 0) {
                buffer.collect();
              }
            }
            return;
          }
          for (int i = 0; i < each; i++) {
            if (!(commit(buffer, X, new Tracked(1)) instanceof CommitResult.Accepted)) {
              aborts.incrementAndGet();
            }
          }
          merging.decrementAndGet();
        });
    assertThat(aborts).hasValue(0);
    assertThat(content(buffer, X)).isEqualTo(3L * each);
    assertBooks(buffer, 3 * each);
  }

  private static long oldest(TxnBuffer<Tracked> buffer) {
    try (Snapshot<Tracked> past = buffer.snapshotAt(buffer.oldestVersion())) {
      Version<Tracked> version = past == null ? null : buffer.get(X, past);
      return version == null ? 0 : content(version);
    }
  }

  private static long current(TxnBuffer<Tracked> buffer) {
    try (Snapshot<Tracked> now = buffer.readOnlySnapshot()) {
      Version<Tracked> version = buffer.get(X, now);
      return version == null ? 0 : content(version);
    }
  }

  /** Every value that was staged or made goes back to its owner, once; the lifecycle counts. */
  private void assertBooks(TxnBuffer<Tracked> buffer, int staged) {
    buffer.clear();
    assertThat(lifecycle.retired.get() + lifecycle.discarded.get())
        .isEqualTo(staged + sums.made.size());
    assertThat(sums.made).allMatch(Tracked::isRetired);
  }
}
