package io.khonsu.mvcc;

import static io.khonsu.mvcc.TestTransaction.ALL;
import static io.khonsu.mvcc.TestTransaction.key;
import static io.khonsu.mvcc.TestTransaction.put;
import static org.assertj.core.api.Assertions.assertThat;

import io.khonsu.mvcc.BlockLifecycle.Block;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Items that move all the time while others commit to them and read them: the sum never changes, a
 * snapshot sees the same twice, and nobody reads a place that was freed. Fixed seeds and numbers of
 * operations; the operating system supplies the rest.
 */
@Timeout(300)
class RelocationStressTest {
  private static final int ACCOUNTS = 600;
  private static final int TRANSFERS = 40_000;

  private final BlockLifecycle lifecycle = new BlockLifecycle();
  private final TxnBuffer<Block> buffer =
      new TxnBuffer<>(BufferOptions.<Block>simple().withLifecycle(lifecycle));
  private final AtomicInteger writers = new AtomicInteger(2);

  @Test
  void transfers_whileItemsMove_neverChangeTheSum() throws InterruptedException {
    for (int i = 0; i < ACCOUNTS; i++) {
      put(buffer, key(i), new Block(100));
    }
    AtomicInteger moved = new AtomicInteger();
    Threads.run(
        () -> transfer(1),
        () -> transfer(2),
        () -> audit(false),
        () -> audit(true),
        () -> move(moved));
    assertThat(moved.get()).isGreaterThan(ACCOUNTS);
    buffer.collect();
    assertThat(lifecycle.vacated.get()).isEqualTo(moved.get());
    assertThat(buffer.statistics().versions()).isEqualTo(ACCOUNTS);
    assertThat(read().sum).isEqualTo(100L * ACCOUNTS);
  }

  private void transfer(int seed) {
    RandomGenerator random = new SplittableRandom(seed);
    for (int i = 0; i < TRANSFERS; i++) {
      int from = random.nextInt(ACCOUNTS);
      int to = (from + 1 + random.nextInt(ACCOUNTS - 1)) % ACCOUNTS;
      try (TestTransaction<Block> tx = TestTransaction.begin(buffer)) {
        tx.put(key(from), new Block(content(tx, from) - 1));
        tx.put(key(to), new Block(content(tx, to) + 1));
        tx.commit();
      }
    }
    writers.decrementAndGet();
  }

  private long content(TestTransaction<Block> tx, int account) {
    Version<Block> version =
        Invariants.present(buffer.read(key(account), tx.snapshot, tx.reads), "an account");
    return version.requireValue().content(version.index());
  }

  /** Reads all, twice at one snapshot: at the newest, or at one that it holds for long. */
  private void audit(boolean isSlow) {
    while (writers.get() > 0) {
      try (Snapshot<Block> snapshot = buffer.readOnlySnapshot()) {
        List<Long> first = read(snapshot).contents;
        assertThat(first.stream().mapToLong(Long::longValue).sum()).isEqualTo(100L * ACCOUNTS);
        int reads = isSlow ? 50 : 1;
        for (int i = 0; i < reads; i++) {
          assertThat(read(snapshot).contents).isEqualTo(first);
        }
      }
    }
  }

  private void move(AtomicInteger moved) {
    RandomGenerator random = new SplittableRandom(3);
    while (writers.get() > 0) {
      int first = random.nextInt(ACCOUNTS);
      int last = Math.min(ACCOUNTS, first + 1 + random.nextInt(100));
      Seen seen = new Seen();
      try (Snapshot<Block> snapshot = buffer.readOnlySnapshot()) {
        buffer.scan(
            new KeyInterval(key(first), key(last)),
            snapshot,
            (key, version) -> {
              seen.keys.add(key);
              seen.versions.add(version);
              seen.contents.add(version.requireValue().content(version.index()));
            });
      }
      Block target = new Block(seen.contents.stream().mapToLong(Long::longValue).toArray());
      moved.addAndGet(buffer.relocate(seen.keys, seen.versions, target));
      buffer.reclaim();
    }
  }

  private Seen read() {
    try (Snapshot<Block> now = buffer.snapshot()) {
      return read(now);
    }
  }

  private Seen read(Snapshot<Block> snapshot) {
    Seen seen = new Seen();
    buffer.scan(ALL, snapshot, seen);
    seen.sum = seen.contents.stream().mapToLong(Long::longValue).sum();
    assertThat(seen.contents).hasSize(ACCOUNTS).doesNotContain(Block.FREED);
    return seen;
  }

  /** What a scan found; runs are taken as such. */
  private static final class Seen implements ScanVisitor<Block> {
    final List<Key> keys = new ArrayList<>();
    final List<Version<Block>> versions = new ArrayList<>();
    final List<Long> contents = new ArrayList<>();
    long sum;

    @Override
    public void item(Key key, Version<Block> version) {
      contents.add(version.requireValue().content(version.index()));
    }

    @Override
    public boolean run(Block value, int firstIndex, int count) {
      for (int i = firstIndex; i < firstIndex + count; i++) {
        contents.add(value.content(i));
      }
      return true;
    }
  }
}
