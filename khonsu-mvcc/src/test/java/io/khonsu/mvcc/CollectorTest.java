package io.khonsu.mvcc;

import static io.khonsu.mvcc.TestTransaction.at;
import static io.khonsu.mvcc.TestTransaction.delete;
import static io.khonsu.mvcc.TestTransaction.key;
import static io.khonsu.mvcc.TestTransaction.put;
import static io.khonsu.mvcc.TestTransaction.read;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class CollectorTest {
  private static final Key KEY = key("k");

  private final TxnBuffer<Long> buffer = new TxnBuffer<>(BufferOptions.simple());

  @Test
  void collect_withoutSnapshots_leavesTheNewestOnly() {
    for (long i = 1; i <= 100; i++) {
      put(buffer, KEY, i);
      put(buffer, key("other" + i % 10), i);
    }
    buffer.collect();
    assertThat(buffer.statistics().versions()).isEqualTo(11);
    assertThat(buffer.statistics().items()).isEqualTo(11);
    assertThat(buffer.statistics().records()).isLessThanOrEqualTo(1);
    assertThat(read(buffer, KEY)).isEqualTo(100L);
  }

  @Test
  void collect_betweenSnapshots_keepsOneVersionForEach() {
    List<Snapshot<Long>> snapshots = new ArrayList<>();
    for (long i = 1; i <= 100; i++) {
      put(buffer, KEY, i);
      if (i % 10 == 5) {
        snapshots.add(buffer.snapshot());
      }
    }
    buffer.collect();
    assertThat(buffer.statistics().versions()).isEqualTo(11);
    for (int i = 0; i < snapshots.size(); i++) {
      assertThat(value(snapshots.get(i))).isEqualTo(i * 10L + 5);
    }
    for (int i = 0; i < snapshots.size(); i += 2) {
      snapshots.get(i).close();
    }
    buffer.collect();
    assertThat(buffer.statistics().versions()).isEqualTo(6);
    for (int i = 1; i < snapshots.size(); i += 2) {
      assertThat(value(snapshots.get(i))).isEqualTo(i * 10L + 5);
      snapshots.get(i).close();
    }
    buffer.collect();
    assertThat(buffer.statistics().versions()).isEqualTo(1);
  }

  @Test
  void hotItem_underAnOldReader_staysShallow() {
    put(buffer, KEY, 0L);
    try (Snapshot<Long> old = buffer.snapshot()) {
      for (long i = 1; i <= 100_000; i++) {
        put(buffer, KEY, i);
        if (i % 5_000 < 3) {
          assertThat(buffer.statistics().versions()).isLessThanOrEqualTo(20);
          assertThat(value(old)).isZero();
        }
      }
    }
  }

  @Test
  void hotItem_deeperThanDepthsAreCounted_isStillPruned() {
    TxnBuffer<Long> keeping = new TxnBuffer<>(BufferOptions.<Long>simple().withRetention(40_000));
    put(keeping, KEY, 0L);
    try (Snapshot<Long> old = keeping.snapshot()) {
      for (long i = 1; i <= 150_000; i++) {
        put(keeping, KEY, i);
      }
      assertThat(keeping.statistics().versions()).isLessThan(80_000);
      assertThat(keeping.get(KEY, old)).isNotNull();
    }
  }

  @Test
  void statistics_ofColdItems_areBoundedByCommitsAlone() {
    for (long i = 0; i < 20_000; i++) {
      put(buffer, key((int) (i % 1_000)), i);
    }
    assertThat(buffer.statistics().versions()).isLessThan(1_200);
    assertThat(buffer.statistics().records()).isLessThan(200);
  }

  @Test
  void garbageOfAThreadThatCommitsNoMore_isCollectedByOthers() {
    int items = 10_000;
    putAll(items);
    try (Snapshot<Long> elsewhere = buffer.readOnlySnapshot()) {
      assertThat(elsewhere.version()).isPositive();
      putAll(items); // from another slot than the commits below
    }
    assertThat(buffer.statistics().versions()).isEqualTo(2L * items);
    for (long i = 0; i < 20_000; i++) {
      put(buffer, KEY, i);
    }
    assertThat(buffer.statistics().versions()).isLessThan(items + items / 10);
  }

  private void putAll(int items) {
    try (TestTransaction<Long> tx = TestTransaction.begin(buffer)) {
      for (int i = 0; i < items; i++) {
        tx.put(key(i), 1L);
      }
      TestTransaction.accepted(tx.commit());
    }
  }

  @Test
  void tombstone_isPurged_onceNoSnapshotNeedsIt() {
    put(buffer, KEY, 1L);
    try (Snapshot<Long> before = buffer.snapshot()) {
      delete(buffer, KEY);
      buffer.collect();
      assertThat(buffer.statistics().items()).isEqualTo(1);
      assertThat(value(before)).isEqualTo(1L);
      assertThat(read(buffer, KEY)).isNull();
    }
    buffer.collect();
    assertThat(buffer.statistics().items()).isZero();
    assertThat(buffer.statistics().versions()).isZero();
    put(buffer, KEY, 2L);
    assertThat(read(buffer, KEY)).isEqualTo(2L);
  }

  @Test
  void snapshotAt_withinRetention_seesThePast() {
    TxnBuffer<Long> keeping = new TxnBuffer<>(BufferOptions.<Long>simple().withRetention(10));
    for (long i = 1; i <= 100; i++) {
      put(keeping, KEY, i);
    }
    keeping.collect();
    assertThat(keeping.oldestVersion()).isEqualTo(90);
    for (long at = 90; at <= 100; at++) {
      try (Snapshot<Long> past = keeping.snapshotAt(at)) {
        assertThat(past).isNotNull();
        assertThat(at(keeping, KEY, past)).isEqualTo(at);
      }
    }
    assertThat(keeping.snapshotAt(89)).isNull();
    assertThat(keeping.snapshotAt(-1)).isNull();
    assertThat(keeping.statistics().snapshots()).isZero();
    assertThatThrownBy(() -> keeping.snapshotAt(101)).isInstanceOf(IllegalArgumentException.class);
    assertThat(keeping.statistics().versions()).isEqualTo(11);
  }

  @Test
  void snapshotAt_ofAPast_keepsIt() {
    TxnBuffer<Long> keeping = new TxnBuffer<>(BufferOptions.<Long>simple().withRetention(10));
    for (long i = 1; i <= 20; i++) {
      put(keeping, KEY, i);
    }
    try (Snapshot<Long> past = keeping.snapshotAt(15)) {
      for (long i = 21; i <= 200; i++) {
        put(keeping, KEY, i);
      }
      keeping.collect();
      assertThat(at(keeping, KEY, past)).isEqualTo(15L);
      assertThat(keeping.snapshotAt(15)).isNull();
    }
  }

  @Test
  void openingSnapshot_keepsAllItMayComeToRead() {
    ActiveSnapshots active = new ActiveSnapshots();
    TxnBuffer<Long> owner = new TxnBuffer<>(BufferOptions.simple());
    DependencyTracker<Long> dependencies =
        new DependencyTracker<>(new CommitMutex<>(CommitRecord.origin(0)));
    KeyTable<Long> table = new KeyTable<>(owner, new OrderedIndex<>());
    Collector<Long> collector =
        new Collector<>(active, dependencies, table, buffer.deltas(), BufferOptions.<Long>simple());
    Chain<Long> chain = table.link(new Chain<>(owner, KEY));
    install(collector, dependencies, chain, 1);
    int slot = active.open(dependencies.publishedVersion());
    install(collector, dependencies, chain, 2);
    long found = dependencies.publishedVersion();
    install(collector, dependencies, chain, 3);
    collector.workAll(); // the reader has looked up version 2, and has not said so yet
    active.settle(slot, found);
    assertThat(visible(chain, found)).isEqualTo(2);
    collector.workAll();
    assertThat(collector.liveVersions()).isEqualTo(2);
    assertThat(visible(chain, found)).isEqualTo(2);
    active.release(slot);
    collector.workAll();
    assertThat(collector.liveVersions()).isEqualTo(1);
  }

  @SuppressWarnings({"unchecked", "rawtypes"}) // arrays of a generic type
  private static void install(
      Collector<Long> collector,
      DependencyTracker<Long> dependencies,
      Chain<Long> chain,
      long version) {
    Version<Long> installed = new Version<>();
    installed.assign(version, 0);
    CommitRecord<Long> record =
        new CommitRecord<>(version, new Chain[] {chain}, new Version[] {installed}, 1);
    record.stamp(version);
    boolean isFirst = chain.head() == null;
    dependencies.append(record);
    chain.install(installed);
    collector.installed(collector.anyLane(), chain, !isFirst);
    dependencies.publish(record);
  }

  private Long value(Snapshot<Long> snapshot) {
    return Invariants.present(at(buffer, KEY, snapshot), "a visible value");
  }

  private static long visible(Chain<Long> chain, long snapshot) {
    return Invariants.present(chain.visibleAt(snapshot), "a visible version").version();
  }

  @Test
  void records_underOldReader_areTrimmed_underOldTransaction_areKept() {
    TxnBuffer<Long> buffer = new TxnBuffer<>(BufferOptions.simple());
    Key key = buffer.key(new byte[] {1});
    try (Snapshot<Long> reader = buffer.readOnlySnapshot()) {
      writeOften(buffer, key);
      assertThat(buffer.statistics().records()).isLessThan(100);
      assertThat(buffer.get(key, reader)).isNull();
    }
    try (Snapshot<Long> transaction = buffer.snapshot()) {
      writeOften(buffer, key);
      assertThat(buffer.statistics().records()).isGreaterThanOrEqualTo(1_000);
      assertThat(transaction.version()).isPositive();
    }
  }

  private static void writeOften(TxnBuffer<Long> buffer, Key key) {
    for (long i = 0; i < 1_000; i++) {
      try (Snapshot<Long> snapshot = buffer.snapshot()) {
        WriteSet<Long> writes = new WriteSet<>();
        var _ = writes.put(key, i, 0, ConflictStrategy.FAIL);
        var _ =
            buffer.commit(
                new CommitRequest<>(
                    i, IsolationLevel.SERIALIZABLE, snapshot, new ReadSet<>(), writes));
      }
    }
  }
}
