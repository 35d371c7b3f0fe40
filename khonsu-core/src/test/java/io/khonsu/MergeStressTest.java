package io.khonsu;

import static org.assertj.core.api.Assertions.assertThat;

import io.khonsu.mvcc.ConflictStrategy;
import io.khonsu.spi.InMemoryStorage;
import io.khonsu.testkit.LeakChecking;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.random.RandomGenerator;
import org.apache.arrow.memory.BufferAllocator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Many who merge into the same items; and any merges, against a fold of them in order. */
@ExtendWith(LeakChecking.class)
@Timeout(120)
class MergeStressTest {
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void mergesAndAppends_ofManyThreads_allCount_withoutOneAbort(
      boolean isStored, BufferAllocator allocator) throws InterruptedException {
    int threads = 4;
    int each = isStored ? 150 : 400;
    try (Khonsu db =
        isStored
            ? Khonsu.open(StoreConfig.defaults(), new InMemoryStorage(), allocator)
            : Khonsu.inMemory(StoreConfig.defaults(), allocator)) {
      Table counters = Items.rows(db, "counters");
      Table log = Items.batches(db, "log");
      AtomicBoolean running = new AtomicBoolean(true);
      AtomicLong lastSeen = new AtomicLong();
      try (var reading =
          Threads.start(
              1,
              _ -> {
                while (running.get()) {
                  // One commit adds one to each: a snapshot sees as many of both.
                  try (Snapshot snapshot = db.snapshot()) {
                    long count = Math.max(0, Items.value(snapshot, counters, "hot"));
                    assertThat(Items.numbers(snapshot, log, "all")).hasSize((int) count);
                    assertThat(count).isGreaterThanOrEqualTo(lastSeen.getAndSet(count));
                  }
                }
              })) {
        try (var merging =
            Threads.start(
                threads,
                number -> {
                  for (int i = 0; i < each; i++) {
                    try (Transaction tx =
                        db.begin(
                            TransactionOptions.serializable()
                                .onConflict(ConflictStrategy.APPEND))) {
                      tx.merge(counters, Merges.add("value", 1), "hot");
                      Items.write(tx, log, "all", allocator, number * 1_000_000L + i);
                      tx.commit();
                    }
                  }
                })) {
          merging.join();
        }
        running.set(false);
        reading.join();
      }
      db.run(tx -> {
        assertThat(Items.value(tx, counters, "hot")).isEqualTo((long) threads * each);
        List<Long> all = Items.numbers(tx, log, "all");
        assertThat(all).hasSize(threads * each).doesNotHaveDuplicates();
        for (int number = 0; number < threads; number++) {
          long from = number * 1_000_000L;
          assertThat(all.stream().filter(n -> n >= from && n < from + 1_000_000L)).isSorted();
        }
      });
      assertThat(db.statistics().conflicts()).isZero();
      assertThat(db.statistics().retries()).isZero();
      db.collect();
      db.collect();
      assertThat(db.statistics().held().versions()).isEqualTo(2 + 2);
      db.run(tx -> {
        tx.delete(counters, "hot");
        tx.delete(log, "all");
      });
      db.collect();
      assertThat(db.statistics().held().memoryBytes()).isZero();
    }
  }

  /** Transactions one after the other, open ones mixed in, against a map. */
  @Test
  void anyMerges_matchTheirFold(BufferAllocator allocator) {
    for (long seed = 1; seed <= 60; seed++) {
      try {
        run(seed, allocator);
      } catch (RuntimeException | AssertionError e) {
        throw new AssertionError("seed " + seed, e);
      }
    }
  }

  private static void run(long seed, BufferAllocator allocator) {
    RandomGenerator random = new SplittableRandom(seed);
    StoreConfig config =
        StoreConfig.builder()
            .mergeFunction(
                "halve",
                (row, _) ->
                    row.map(r -> r.with("value", r.getLong("value") / 2))
                        .orElse(Row.of("value", 0L)))
            .build();
    try (Khonsu db =
        random.nextBoolean()
            ? Khonsu.inMemory(config, allocator)
            : Khonsu.open(config, new InMemoryStorage(), allocator)) {
      Table table = Items.rows(db, "t");
      TreeMap<String, Long> model = new TreeMap<>();
      for (int i = 0; i < 120; i++) {
        TreeMap<String, Long> before = new TreeMap<>(model);
        try (Transaction tx = db.begin(TransactionOptions.snapshot());
            Snapshot old = db.snapshot()) {
          for (int step = 1 + random.nextInt(4); step > 0; step--) {
            step(tx, table, model, "k" + random.nextInt(4), random);
          }
          if (random.nextInt(3) == 0) {
            assertThat(Items.state(tx, table)).isEqualTo(model);
          }
          tx.commit();
          if (random.nextInt(4) == 0) {
            assertThat(Items.state(old, table)).isEqualTo(before);
          }
        }
        if (random.nextInt(4) == 0) {
          assertThat(Items.state(db, table)).isEqualTo(model);
        }
        if (random.nextInt(30) == 0) {
          db.compact();
        }
      }
      assertThat(Items.state(db, table)).isEqualTo(model);
    }
  }

  private static void step(
      Transaction tx, Table table, Map<String, Long> model, String key, RandomGenerator random) {
    long operand = random.nextInt(-1_000, 1_000);
    switch (random.nextInt(6)) {
      case 0 -> {
        tx.upsert(table, table.row(key, operand));
        model.put(key, operand);
      }
      case 1 -> {
        tx.delete(table, key);
        model.remove(key);
      }
      case 2 -> {
        tx.merge(table, Merges.max("value", operand), key);
        model.merge(key, operand, Math::max);
      }
      case 3 -> {
        tx.merge(table, Merges.custom("halve"), key);
        model.compute(key, (_, value) -> value == null ? 0 : value / 2);
      }
      default -> {
        tx.merge(table, Merges.add("value", operand), key);
        model.merge(key, operand, Long::sum);
      }
    }
  }
}
