package io.khonsu.mvcc;

import static io.khonsu.mvcc.TestTransaction.delete;
import static io.khonsu.mvcc.TestTransaction.key;
import static io.khonsu.mvcc.TestTransaction.put;
import static io.khonsu.mvcc.TestTransaction.read;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PrefetchTest {
  private final TxnBuffer<Long> buffer = new TxnBuffer<>(BufferOptions.simple());

  private static WriteSet<Long> writing(int... numbers) {
    WriteSet<Long> writes = new WriteSet<>();
    for (int number : numbers) {
      var _ = writes.put(key("k" + number), (long) number, 0, ConflictStrategy.REPLACE);
    }
    return writes;
  }

  private void commit(WriteSet<Long> writes) {
    try (Snapshot<Long> snapshot = buffer.snapshot()) {
      var request =
          new CommitRequest<>(1, IsolationLevel.SNAPSHOT, snapshot, new ReadSet<>(), writes);
      assertThat(buffer.commit(request)).isInstanceOf(CommitResult.Accepted.class);
    }
  }

  @Test
  void prefetch_changesNothing() {
    put(buffer, key("k1"), 10L);
    long version = buffer.newestVersion();
    BufferStatistics before = buffer.statistics();
    buffer.prefetch(List.of(writing(1, 2), writing(), writing(3)));
    assertThat(buffer.newestVersion()).isEqualTo(version);
    assertThat(buffer.statistics()).isEqualTo(before);
    assertThat(read(buffer, key("k1"))).isEqualTo(10L);
  }

  @Test
  void keysOfItems_becomeTheirChains_othersStayAsTheyAre() {
    put(buffer, key("k1"), 10L);
    WriteSet<Long> writes = writing(1, 2);
    Key absent = writes.key(1);
    buffer.prefetch(List.of(writes));
    assertThat(writes.key(0)).isInstanceOf(Chain.class).isSameAs(buffer.table().find(key("k1")));
    assertThat(writes.key(1)).isSameAs(absent);
  }

  /** What one commit overwrites is looked at in portions. */
  @Test
  void largeCommits_areCollected() {
    int[] numbers = IntStream.range(0, 1_000).toArray();
    for (int round = 0; round < 4; round++) {
      commit(writing(numbers));
    }
    assertThat(buffer.statistics().versions()).isLessThan(3_000);
    buffer.collect();
    assertThat(buffer.statistics().versions()).isEqualTo(1_000);
    assertThat(read(buffer, key("k999"))).isEqualTo(999L);
  }

  @Test
  void writes_prefetched_areCommitted_alsoOnceTheirItemsAreGone() {
    for (int i = 0; i < 10; i++) {
      put(buffer, key("k" + i), 100L + i);
    }
    WriteSet<Long> overwriting = writing(0, 1, 2);
    WriteSet<Long> afterPurge = writing(3, 4);
    WriteSet<Long> inserting = writing(20);
    buffer.prefetch(List.of(overwriting, afterPurge, inserting));
    delete(buffer, key("k3"));
    delete(buffer, key("k4"));
    buffer.collect(); // their chains are dead now
    commit(overwriting);
    commit(afterPurge);
    commit(inserting);
    for (int i : List.of(0, 1, 2, 3, 4, 20)) {
      assertThat(read(buffer, key("k" + i))).isEqualTo((long) i);
    }
    assertThat(read(buffer, key("k5"))).isEqualTo(105L);
  }

  /** What waits to be looked at is a ring, which is prefetched across its end. */
  @Test
  void versions_ofManyChains_areCollected_howeverDeep() {
    List<Snapshot<Long>> open = new ArrayList<>();
    for (int round = 0; round < 20; round++) {
      open.add(buffer.snapshot());
      for (int i = 0; i < 100; i++) {
        put(buffer, key("k" + i), 1_000L * round + i);
      }
      if (open.size() == 7) {
        open.removeFirst().close();
      }
    }
    open.forEach(Snapshot::close);
    buffer.collect();
    assertThat(buffer.statistics().versions()).isEqualTo(100);
    for (int i = 0; i < 100; i++) {
      assertThat(read(buffer, key("k" + i))).isEqualTo(19_000L + i);
    }
  }
}
