package io.khonsu.mvcc;

import static io.khonsu.mvcc.TestTransaction.accepted;
import static io.khonsu.mvcc.TestTransaction.key;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.mvcc.RecordingLifecycle.Tracked;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Commits that become visible later, or never. */
class PublicationTest {
  private static final Key X = key("x");
  private static final Key Y = key("y");

  private final RecordingLifecycle lifecycle = new RecordingLifecycle();
  private final TxnBuffer<Tracked> buffer =
      new TxnBuffer<>(
          BufferOptions.<Tracked>simple()
              .withLifecycle(lifecycle)
              .withPublication(TxnBuffer.Publication.EXPLICIT));

  @Test
  void pendingCommit_isInvisibleUntilPublished() {
    CommitRecord<Tracked> record = put(X, new Tracked(1));
    assertThat(content(X)).isNull();
    assertThat(TestTransaction.scan(buffer)).isEmpty();
    assertThat(buffer.newestVersion()).isZero();
    buffer.publish(record);
    assertThat(content(X)).isEqualTo(1);
    assertThat(buffer.newestVersion()).isEqualTo(1);
  }

  /**
   * As when a state is taken over: what is published before its version is read until it is there.
   */
  @Test
  void versionsBeforeOneThatIsYetToCome_cannotBeReadAgain_butTheNewestStays() {
    publish(put(X, new Tracked(1)));
    publish(put(X, new Tracked(2)));
    buffer.beginAt(3);
    assertThat(buffer.oldestVersion()).isEqualTo(3);
    assertThat(buffer.snapshotAt(1)).isNull();
    CommitRecord<Tracked> pending = put(X, new Tracked(3));
    buffer.collect();
    assertThat(content(X)).isEqualTo(2);
    buffer.publish(pending);
    assertThat(content(X)).isEqualTo(3);
    assertThat(buffer.snapshotAt(2)).isNull();
    buffer.beginAt(1);
    assertThat(buffer.oldestVersion()).isEqualTo(3);
  }

  @Test
  void publish_ofTheLast_publishesThoseBefore() {
    put(X, new Tracked(1));
    CommitRecord<Tracked> second = put(X, new Tracked(2));
    CommitRecord<Tracked> third = put(Y, new Tracked(3));
    buffer.publish(third);
    assertThat(content(X)).isEqualTo(2);
    buffer.publish(second);
    assertThat(buffer.newestVersion()).isEqualTo(3);
    assertThatThrownBy(() -> buffer.withdraw(second)).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void publish_inGroups_collectsAsMuchAsIsCommitted() {
    for (int group = 0; group < 200; group++) {
      CommitRecord<Tracked> last = put(X, new Tracked(group));
      for (int i = 0; i < 50; i++) {
        last = put(key(i % 25), new Tracked(i));
      }
      buffer.publish(last);
    }
    assertThat(buffer.statistics().records()).isLessThan(10_000);
    assertThat(buffer.statistics().versions()).isLessThan(5_000);
    CommitRecord<Tracked> last = put(X, new Tracked(1));
    buffer.publish(last);
    buffer.collect();
    assertThat(buffer.statistics().versions()).isEqualTo(26);
  }

  @Test
  void readOfWhatIsPendingElsewhere_isStale() {
    publish(put(X, new Tracked(1)));
    try (TestTransaction<Tracked> tx = TestTransaction.begin(buffer);
        TestTransaction<Tracked> winner = TestTransaction.begin(buffer)) {
      assertThat(tx.get(X)).isNotNull();
      accepted(winner.put(X, new Tracked(2)).commit());
      CommitResult<Tracked> result = tx.put(Y, new Tracked(3)).commit();
      assertThat(result)
          .isInstanceOfSatisfying(
              CommitResult.Aborted.class,
              aborted ->
                  assertThat(((Conflict) aborted.conflicts().getFirst()).winnerTransaction())
                      .isEqualTo(winner.id));
    }
  }

  @Test
  void strategy_thatWouldSettleOnPending_isBlocked() {
    publish(put(X, new Tracked(1)));
    for (ConflictStrategy strategy : List.of(ConflictStrategy.IGNORE, ConflictStrategy.REPLACE)) {
      try (TestTransaction<Tracked> tx = begin(IsolationLevel.SNAPSHOT)) {
        CommitRecord<Tracked> pending = put(X, new Tracked(2));
        CommitRecord<Tracked> later = put(Y, new Tracked(2));
        Tracked staged = new Tracked(9);
        tx.put(X, staged, strategy).put(key("new"), new Tracked(1));
        assertThat(tx.commit()).isEqualTo(new CommitResult.Blocked<>(pending.version()));
        assertThat(staged.isRetired()).isFalse();
        buffer.withdraw(pending);
        buffer.withdraw(later);
        publish(accepted(tx.commit()));
        assertThat(content(X)).isEqualTo(9);
      }
    }
  }

  @Test
  void fail_onPending_aborts() {
    try (TestTransaction<Tracked> tx = begin(IsolationLevel.SNAPSHOT)) {
      put(X, new Tracked(2));
      assertThat(tx.put(X, new Tracked(3)).commit()).isInstanceOf(CommitResult.Aborted.class);
    }
  }

  @Test
  void withdraw_leavesNothing() {
    CommitRecord<Tracked> record = put(X, new Tracked(1));
    buffer.withdraw(record);
    assertThat(record.size()).isZero();
    buffer.collect();
    assertThat(buffer.statistics().items()).isZero();
    assertThat(buffer.statistics().versions()).isZero();
    assertThat(lifecycle.retired).hasValue(1);
  }

  @Test
  void withdraw_ofTheHead_reinstatesWhatItHid() {
    Tracked first = new Tracked(1);
    publish(put(X, first));
    CommitRecord<Tracked> pending = put(X, new Tracked(2));
    assertThat(first.isSuperseded()).isTrue();
    buffer.withdraw(pending);
    assertThat(first.isSuperseded()).isFalse();
    buffer.withdraw(pending); // again: nothing is left to undo
    assertThat(content(X)).isEqualTo(1);
  }

  @Test
  void withdraw_inTheMiddleOfAChain_leavesTheOlderSuperseded() {
    Tracked first = new Tracked(1);
    Tracked second = new Tracked(2);
    publish(put(X, first));
    CommitRecord<Tracked> middle = put(X, second);
    CommitRecord<Tracked> top = put(X, new Tracked(3));
    buffer.withdraw(middle);
    assertThat(first.isSuperseded()).isTrue();
    assertThat(second.isRetired()).isTrue();
    assertThat(content(X)).isEqualTo(1);
    buffer.publish(top);
    assertThat(content(X)).isEqualTo(3);
    buffer.collect();
    assertThat(first.isRetired()).isTrue();
  }

  @Test
  void withdraw_bottomUp_reinstatesOnce() {
    Tracked first = new Tracked(1);
    publish(put(X, first));
    CommitRecord<Tracked> middle = put(X, new Tracked(2));
    CommitRecord<Tracked> top = put(X, new Tracked(3));
    buffer.withdraw(middle);
    buffer.withdraw(top);
    assertThat(first.isSuperseded()).isFalse();
    assertThat(content(X)).isEqualTo(1);
  }

  @Test
  void deletion_onTopOfAPendingDeletion_outlivesIt() {
    publish(put(X, new Tracked(1)));
    CommitRecord<Tracked> pending = delete(X);
    CommitRecord<Tracked> second = delete(X);
    buffer.withdraw(pending);
    buffer.publish(second);
    assertThat(content(X)).isNull();
    buffer.collect();
    assertThat(buffer.statistics().items()).isZero();
  }

  @Test
  void publish_ofARequestThatChangedNothing_doesNothing() {
    publish(put(X, new Tracked(1)));
    CommitRecord<Tracked> empty = delete(Y);
    publish(put(X, new Tracked(2)));
    buffer.publish(empty);
    assertThat(buffer.newestVersion()).isEqualTo(2);
  }

  @Test
  void scan_ofAWithdrawnOverwrite_seesTheRunAgain() {
    Tracked first = new Tracked(1);
    publish(put(X, first));
    List<String> found = new ArrayList<>();
    ScanVisitor<Tracked> visitor =
        new ScanVisitor<>() {
          @Override
          public void item(Key key, Version<Tracked> version) {
            found.add("item " + version.requireValue().content);
          }

          @Override
          public boolean run(Tracked value, int firstIndex, int count) {
            return found.add("run " + value.content);
          }
        };
    scan(visitor);
    scan(visitor);
    CommitRecord<Tracked> middle = put(X, new Tracked(2));
    CommitRecord<Tracked> top = put(X, new Tracked(3));
    scan(visitor);
    buffer.withdraw(middle);
    buffer.publish(top);
    scan(visitor);
    assertThat(found).containsExactly("item 1", "run 1", "item 1", "item 3");
  }

  @Test
  void pendingCommits_publishedOrWithdrawnAtRandom_keepTheBooks() {
    for (long seed = 1; seed <= 200; seed++) {
      runRandom(seed);
    }
  }

  /** Blind writers only, so that the model is a list of what was published. */
  private void runRandom(long seed) {
    RandomGenerator random = new SplittableRandom(seed);
    RecordingLifecycle books = new RecordingLifecycle();
    TxnBuffer<Tracked> tested =
        new TxnBuffer<>(
            BufferOptions.<Tracked>simple()
                .withLifecycle(books)
                .withPublication(TxnBuffer.Publication.EXPLICIT));
    @Nullable Long[] model = new Long[6];
    List<CommitRecord<Tracked>> pending = new ArrayList<>();
    List<Runnable> effects = new ArrayList<>();
    List<Tracked> values = new ArrayList<>();
    for (int step = 0; step < 300; step++) {
      int action = random.nextInt(10);
      if (action < 5) {
        try (TestTransaction<Tracked> tx = TestTransaction.begin(tested)) {
          List<Runnable> effect = new ArrayList<>();
          for (int i = 0; i <= random.nextInt(3); i++) {
            int item = random.nextInt(model.length);
            if (random.nextInt(3) == 0) {
              tx.delete(key(item));
              effect.add(() -> model[item] = null);
            } else {
              Tracked value = new Tracked(step * 10L + i);
              tx.put(key(item), value);
              effect.add(() -> model[item] = value.content);
            }
          }
          CommitRecord<Tracked> record = accepted(tx.commit());
          if (record.version() > tested.newestVersion()) {
            for (int i = 0; i < tx.writes.size(); i++) {
              if (!tx.writes.version(i).isTombstone()) {
                values.add(tx.writes.version(i).requireValue());
              }
            }
            pending.add(record);
            effects.add(() -> effect.forEach(Runnable::run));
          }
        }
      } else if (action < 7 && !pending.isEmpty()) {
        int count = 1 + random.nextInt(pending.size());
        tested.publish(pending.get(count - 1));
        effects.subList(0, count).forEach(Runnable::run);
        pending.subList(0, count).clear();
        effects.subList(0, count).clear();
      } else if (action < 9 && !pending.isEmpty()) {
        int which = random.nextInt(pending.size());
        tested.withdraw(pending.remove(which));
        effects.remove(which);
      } else {
        tested.collect();
      }
      for (int item = 0; item < model.length; item++) {
        Tracked value = TestTransaction.read(tested, key(item));
        assertThat(value == null ? null : value.content)
            .as("seed %s step %s item %s", seed, step, item)
            .isEqualTo(model[item]);
        assertThat(value != null && value.isRetired()).isFalse();
      }
    }
    pending.reversed().forEach(tested::withdraw);
    tested.collect();
    long live = tested.statistics().versions();
    assertThat(TestTransaction.scan(tested)).as("seed %s", seed).hasSize((int) live);
    assertThat(values.stream().filter(value -> !value.isRetired()).count())
        .as("seed %s", seed)
        .isEqualTo(live);
    TestTransaction.scan(tested).values().forEach(v -> assertThat(v.isSuperseded()).isFalse());
  }

  private void scan(ScanVisitor<Tracked> visitor) {
    try (Snapshot<Tracked> now = buffer.snapshot()) {
      buffer.scan(TestTransaction.ALL, now, visitor);
    }
  }

  private TestTransaction<Tracked> begin(IsolationLevel level) {
    return TestTransaction.begin(buffer, level);
  }

  private CommitRecord<Tracked> put(Key key, Tracked value) {
    return TestTransaction.put(buffer, key, value);
  }

  private CommitRecord<Tracked> delete(Key key) {
    return TestTransaction.delete(buffer, key);
  }

  private void publish(CommitRecord<Tracked> record) {
    buffer.publish(record);
  }

  private @Nullable Long content(Key key) {
    Tracked value = TestTransaction.read(buffer, key);
    return value == null ? null : value.content;
  }
}
