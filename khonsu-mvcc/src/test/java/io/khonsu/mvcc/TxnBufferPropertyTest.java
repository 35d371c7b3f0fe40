package io.khonsu.mvcc;

import static io.khonsu.mvcc.TestTransaction.key;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.LongPredicate;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Random interleavings of a few transactions on one thread, against {@link ReferenceBuffer}. A
 * failure names its seed: {@code new Run(seed).run()} replays it.
 */
class TxnBufferPropertyTest {
  private static final List<IsolationLevel> LEVELS = List.of(IsolationLevel.values());
  private static final List<ConflictStrategy> STRATEGIES = List.of(ConflictStrategy.values());

  /** Quick, left for later, made before the commit, and now one and now the other. */
  private static final List<Merger<Long>> MERGERS =
      List.of(
          Merger.adding(),
          new LazyAdding(_ -> true),
          new LazyAdding(_ -> false),
          new LazyAdding(operand -> operand % 2 == 0));

  @Test
  void interleavings_atRandom_matchTheReference() {
    for (long seed = 1; seed <= 1_500; seed++) {
      run(seed);
    }
  }

  @Test
  @Tag("long")
  void manyInterleavings_atRandom_matchTheReference() {
    for (long seed = 1_000_000; seed < 1_100_000; seed++) {
      run(seed);
    }
  }

  private static void run(long seed) {
    try {
      new Run(seed).run();
    } catch (RuntimeException | AssertionError e) {
      throw new AssertionError("seed " + seed, e);
    }
  }

  private record Pair(
      TestTransaction<Long> real, ReferenceBuffer.Transaction model, List<Key> keys) {}

  private static final class Run {
    private final RandomGenerator random;
    private final int items;
    private final int retention;
    private final TxnBuffer<Long> buffer;
    private final ReferenceBuffer reference = new ReferenceBuffer();
    private final List<Pair> open = new ArrayList<>();
    private final List<Key> keys = new ArrayList<>();

    Run(long seed) {
      random = new SplittableRandom(seed);
      items = 1 << (1 + random.nextInt(9));
      retention = random.nextInt(3) * 7;
      buffer =
          new TxnBuffer<>(
              BufferOptions.<Long>simple()
                  .withRetention(retention)
                  .withMerger(MERGERS.get(random.nextInt(MERGERS.size()))));
      for (int i = 0; i < items; i++) {
        Key plain = key(i);
        keys.add(random.nextBoolean() ? plain : buffer.key(plain.toBytes()));
      }
    }

    void run() {
      int steps = 200 + items;
      for (int i = 0; i < steps; i++) {
        step();
      }
      open.forEach(pair -> pair.real.close());
      checkSnapshotsOfThePast();
      checkEnd();
    }

    private void step() {
      int action = random.nextInt(100);
      if (open.isEmpty() || (action < 12 && open.size() < 6)) {
        begin();
        return;
      }
      Pair pair = open.get(random.nextInt(open.size()));
      if (action < 40) {
        write(pair);
      } else if (action < 65) {
        read(pair);
      } else if (action < 75) {
        scan(pair);
      } else if (action < 90) {
        commit(pair);
      } else if (action < 94) {
        end(pair);
      } else if (action < 97) {
        buffer.collect();
      } else {
        checkSnapshotsOfThePast();
      }
    }

    private void begin() {
      IsolationLevel level = LEVELS.get(random.nextInt(LEVELS.size()));
      open.add(
          new Pair(
              TestTransaction.begin(buffer, level),
              new ReferenceBuffer.Transaction(level, reference.newest()),
              keys));
      assertThat(open.getLast().real.snapshot.version()).isEqualTo(reference.newest());
    }

    private void write(Pair pair) {
      ConflictStrategy strategy = STRATEGIES.get(random.nextInt(STRATEGIES.size()));
      for (int i = random.nextInt(4) == 0 ? 12 : 1; i > 0; i--) {
        int item = random.nextInt(items);
        if (random.nextInt(3) == 0) {
          pair.real.delete(keys.get(item), strategy);
          pair.model.writes.put(item, new ReferenceBuffer.Write(null, strategy, false));
        } else if (random.nextInt(4) == 0) {
          long operand = random.nextInt(100);
          pair.real.merge(keys.get(item), operand);
          pair.model.writes.put(
              item, new ReferenceBuffer.Write(operand, ConflictStrategy.FAIL, true));
        } else {
          long value = random.nextInt(100);
          pair.real.put(keys.get(item), value, strategy);
          boolean merges = strategy == ConflictStrategy.APPEND;
          pair.model.writes.put(item, new ReferenceBuffer.Write(value, strategy, merges));
        }
      }
    }

    private void read(Pair pair) {
      int item = random.nextInt(items);
      Long expected = visible(pair).get(item);
      assertThat(pair.real.get(keys.get(item))).isEqualTo(expected);
      ReferenceBuffer.Write own = pair.model.writes.get(item);
      if (own == null || own.merges()) {
        pair.model.items.add(item);
      }
    }

    private void scan(Pair pair) {
      int from = random.nextInt(items + 1);
      int to = from + random.nextInt(items + 1 - from);
      long divisor = random.nextLong(1, 4);
      LongPredicate predicate = value -> value % divisor == 0;
      ReferenceBuffer.RangeRead range = new ReferenceBuffer.RangeRead(from, to, predicate);
      NavigableMap<Key, Long> found =
          pair.real.scan(
              new KeyInterval(key(from), key(to)),
              divisor == 1 ? null : (_, version) -> predicate.test(version.requireValue()));
      assertThat(numbers(found)).isEqualTo(range.in(visible(pair)));
      pair.model.ranges.add(range);
      pair.model
          .writes
          .subMap(from, to)
          .forEach((item, write) -> {
            if (write.merges()) {
              pair.model.items.add(item);
            }
          });
    }

    /** {@return what the transaction should see, its own writes included} */
    private SortedMap<Integer, Long> visible(Pair pair) {
      boolean newest = pair.model.level == IsolationLevel.READ_COMMITTED;
      TreeMap<Integer, Long> state =
          new TreeMap<>(reference.states.get(newest ? reference.newest() : pair.model.snapshot));
      pair.model.writes.forEach((item, write) -> {
        Long before = state.remove(item);
        if (write.value() != null) {
          long base = write.merges() && before != null ? before : 0;
          state.put(item, write.value() + base);
        }
      });
      return state;
    }

    private void commit(Pair pair) {
      SortedSet<Integer> expected = reference.commit(pair.model);
      CommitResult<Long> result = pair.real.commit();
      TreeSet<Integer> actual = new TreeSet<>();
      if (result instanceof CommitResult.Aborted<Long>(List<Conflict> conflicts)) {
        for (Conflict conflict : conflicts) {
          actual.add(TestTransaction.number(conflict.key()));
          assertThat(conflict.winnerTransaction()).isPositive();
          assertThat(conflict.winnerVersion()).isGreaterThan(pair.model.snapshot);
        }
      }
      assertThat(actual).isEqualTo(expected);
      assertThat(buffer.newestVersion()).isEqualTo(reference.newest());
      end(pair);
    }

    private void end(Pair pair) {
      pair.real.close();
      open.remove(pair);
    }

    private void checkSnapshotsOfThePast() {
      for (int i = 0; i < 3; i++) {
        int at = random.nextInt(reference.newest() + 1);
        try (Snapshot<Long> past = buffer.snapshotAt(at)) {
          if (past != null) {
            assertThat(numbers(TestTransaction.scan(buffer, past, TestTransaction.ALL)))
                .isEqualTo(reference.states.get(at));
          } else {
            assertThat(at).isLessThan(reference.newest() - retention);
          }
        }
      }
    }

    private void checkEnd() {
      assertThat(numbers(TestTransaction.scan(buffer))).isEqualTo(reference.current());
      try (TestTransaction<Long> last = TestTransaction.begin(buffer)) {
        last.put(keys.getFirst(), 1L);
        assertThat(last.commits()).isTrue();
      }
      if (retention == 0) {
        reference.current().put(0, 1L);
        buffer.collect();
        int live = reference.current().size();
        BufferStatistics statistics = buffer.statistics();
        assertThat(statistics.items()).isEqualTo(live);
        assertThat(statistics.versions()).isEqualTo(live);
        assertThat(statistics.snapshots()).isZero();
        assertThat(statistics.records()).isLessThanOrEqualTo(1);
      }
    }

    private static SortedMap<Integer, Long> numbers(NavigableMap<Key, Long> rows) {
      TreeMap<Integer, Long> numbers = new TreeMap<>();
      rows.forEach((key, value) -> numbers.put(TestTransaction.number(key), value));
      return numbers;
    }
  }
}
