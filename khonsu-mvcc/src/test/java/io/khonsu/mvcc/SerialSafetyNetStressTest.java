package io.khonsu.mvcc;

import static io.khonsu.mvcc.TestTransaction.key;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Transactions of several threads in a buffer certified by SSN, some of them only reading: they
 * must have one serial order that respects real time.
 */
@Timeout(120)
class SerialSafetyNetStressTest {
  private static final int THREADS = 4;
  private static final int TRANSACTIONS = 100;
  private static final int ITEMS = 12;

  private final TxnBuffer<Long> buffer =
      new TxnBuffer<>(BufferOptions.<Long>simple().withCertification(Certification.SSN));
  private final SerialOrderOracle oracle = new SerialOrderOracle();
  private final AtomicInteger staleCommits = new AtomicInteger();

  @Test
  void transactions_ofManyThreads_haveASerialOrder() throws InterruptedException {
    long seed = new SplittableRandom().nextLong();
    // Often enough to have met stale reads that commit: how many a round has is up to the threads.
    for (int round = 0; round < 3 || (staleCommits.get() == 0 && round < 50); round++) {
      long roundSeed = seed + round;
      Threads.run(THREADS, number -> runClient(new SplittableRandom(roundSeed * THREADS + number)));
    }
    assertThat(oracle.cycle()).as("seed %d", seed).isNull();
    assertThat(staleCommits.get()).isPositive();
  }

  private void runClient(RandomGenerator random) {
    for (int i = 0; i < TRANSACTIONS; i++) {
      if (random.nextInt(8) == 0) {
        runReader(random);
      } else {
        runWriter(random);
      }
    }
  }

  private void runReader(RandomGenerator random) {
    long began = System.nanoTime();
    List<SerialOrderOracle.ItemRead> items = new ArrayList<>();
    try (Snapshot<Long> snapshot = buffer.safeSnapshot(_ -> {})) {
      for (int i = 0; i < 4; i++) {
        items.add(seen(random.nextInt(ITEMS), snapshot, null));
      }
      add("reader", snapshot, items, List.of(), began, null);
    }
  }

  private void runWriter(RandomGenerator random) {
    long began = System.nanoTime();
    List<SerialOrderOracle.ItemRead> items = new ArrayList<>();
    List<SerialOrderOracle.RangeRead> ranges = new ArrayList<>();
    try (TestTransaction<Long> tx = TestTransaction.begin(buffer)) {
      for (int i = random.nextInt(4); i >= 0; i--) {
        items.add(seen(random.nextInt(ITEMS), tx.snapshot, tx.reads));
      }
      if (random.nextInt(3) == 0) {
        int from = random.nextInt(ITEMS);
        tx.scan(
            new KeyInterval(key(from), key(from + 3)),
            (_, version) -> version.requireValue() % 2 == 0);
        ranges.add(new SerialOrderOracle.RangeRead(from, from + 3, value -> value % 2 == 0));
      }
      int written = random.nextInt(ITEMS);
      tx.put(key(written), random.nextLong(1_000));
      if (tx.commit() instanceof CommitResult.Accepted<Long>(CommitRecord<Long> record, var _)) {
        Footprint footprint = record.footprint();
        if (footprint != null && footprint.place() < record.version()) {
          staleCommits.incrementAndGet();
        }
        add("writer", tx.snapshot, items, ranges, began, new Written(record, written, tx));
      }
    }
  }

  private record Written(CommitRecord<Long> record, int item, TestTransaction<Long> tx) {}

  @SuppressWarnings("ThreadPriorityCheck") // others may come between two reads, or not
  private SerialOrderOracle.ItemRead seen(
      int item, Snapshot<Long> snapshot, @Nullable ReadSet<Long> reads) {
    Version<Long> version =
        reads == null ? buffer.get(key(item), snapshot) : buffer.read(key(item), snapshot, reads);
    Thread.yield();
    return new SerialOrderOracle.ItemRead(item, version == null ? 0 : version.version());
  }

  private void add(
      String name,
      Snapshot<Long> snapshot,
      List<SerialOrderOracle.ItemRead> items,
      List<SerialOrderOracle.RangeRead> ranges,
      long began,
      @Nullable Written written) {
    long ended = System.nanoTime();
    TreeMap<Integer, @Nullable Long> writes = new TreeMap<>();
    long version = 0;
    if (written != null) {
      writes.put(written.item, written.tx.writes.version(0).value());
      version = written.record.version();
    }
    synchronized (oracle) {
      oracle.add(
          new SerialOrderOracle.Done(name, snapshot.version(), items, ranges, began, ended),
          version,
          writes);
    }
  }
}
