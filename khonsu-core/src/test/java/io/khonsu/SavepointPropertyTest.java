package io.khonsu;

import static org.assertj.core.api.Assertions.assertThat;

import io.khonsu.mvcc.ConflictStrategy;
import io.khonsu.testkit.LeakChecking;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import org.apache.arrow.memory.BufferAllocator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Random writes, savepoints, returns and blocks against a map of what should be there. */
@ExtendWith(LeakChecking.class)
@Timeout(120)
class SavepointPropertyTest {
  private static final int TRANSACTIONS = 40;
  private static final int KEYS = 30;

  /** What a transaction should see. */
  private record State(Map<String, Long> rows, Map<String, List<Long>> batches) {
    private State copy() {
      return new State(new TreeMap<>(rows), new TreeMap<>(batches));
    }
  }

  private record Saved(Savepoint savepoint, State state) {}

  @Test
  void transactions_withSavepoints_commitWhatWasNotUndone(BufferAllocator root) {
    Seeds.check(
        4,
        random -> {
          try (Khonsu db = Khonsu.inMemory(StoreConfig.defaults(), root)) {
            new Run(random, root, db).run();
          }
        });
  }

  /** One store and what is done to it. */
  private static final class Run {
    private final RandomGenerator random;
    private final BufferAllocator allocator;
    private final Khonsu db;
    private final Table rows;
    private final Table batches;

    Run(RandomGenerator random, BufferAllocator allocator, Khonsu db) {
      this.random = random;
      this.allocator = allocator;
      this.db = db;
      this.rows = Items.rows(db, "rows");
      this.batches = Items.batches(db, "batches");
    }

    private void run() {
      State committed = new State(new TreeMap<>(), new TreeMap<>());
      for (int i = 0; i < TRANSACTIONS; i++) {
        State state = committed.copy();
        try (Transaction tx = db.begin()) {
          steps(tx, state, 0);
          check(tx, state);
          if (random.nextInt(4) > 0) {
            tx.commit();
            committed = state;
          }
        }
        State expected = committed;
        db.readOnly(snapshot -> {
          check(snapshot, expected);
          return expected;
        });
      }
    }

    private void steps(Transaction tx, State state, int depth) {
      List<Saved> saved = new ArrayList<>();
      for (int i = 0; i < 1 + random.nextInt(40); i++) {
        switch (random.nextInt(12)) {
          case 0 -> saved.add(new Saved(tx.savepoint(), state.copy()));
          case 1 -> {
            if (!saved.isEmpty()) {
              int back = random.nextInt(saved.size());
              tx.rollbackTo(saved.get(back).savepoint);
              become(state, saved.get(back).state);
              saved.subList(back + 1, saved.size()).clear();
            }
          }
          case 2 -> {
            if (depth < 5) {
              block(tx, state, depth);
            }
          }
          case 3 -> check(tx, state);
          default -> write(tx, state);
        }
      }
    }

    private void block(Transaction tx, State state, int depth) {
      State before = state.copy();
      switch (random.nextInt(3)) {
        case 0 -> tx.runNested(t -> steps(t, state, depth + 1));
        case 1 -> {
          try {
            tx.runNested(t -> {
              steps(t, state, depth + 1);
              throw new ArithmeticException();
            });
          } catch (ArithmeticException _) {
            become(state, before);
          }
        }
        default ->
            tx.runOrElse(
                t -> {
                  steps(t, state, depth + 1);
                  t.retry();
                },
                t -> {
                  become(state, before);
                  steps(t, state, depth + 1);
                });
      }
    }

    private void write(Transaction tx, State state) {
      String key = "k" + random.nextInt(KEYS);
      switch (random.nextInt(6)) {
        case 0 -> {
          tx.delete(rows, key);
          state.rows.remove(key);
        }
        case 1 -> {
          tx.delete(batches, key);
          state.batches.remove(key);
        }
        case 2 -> {
          long number = random.nextLong(100);
          Items.write(tx, batches, key, allocator, number, number + 1);
          state.batches.put(key, List.of(number, number + 1));
        }
        default -> {
          long value = random.nextLong(1_000);
          tx.upsert(rows, rows.row(key, value), ConflictStrategy.REPLACE);
          state.rows.put(key, value);
        }
      }
    }

    private static void become(State state, State other) {
      state.rows.clear();
      state.rows.putAll(other.rows);
      state.batches.clear();
      state.batches.putAll(other.batches);
    }

    private void check(ReadView view, State expected) {
      assertThat(Items.state(view, rows)).isEqualTo(expected.rows);
      assertThat(view.names(batches)).containsExactlyElementsOf(expected.batches.keySet());

      expected.batches.forEach(
          (name, numbers) -> assertThat(Items.numbers(view, batches, name)).isEqualTo(numbers));
      for (int i = 0; i < KEYS; i++) {
        assertThat(Items.value(view, rows, "k" + i))
            .isEqualTo(expected.rows.getOrDefault("k" + i, -1L));
      }
    }
  }
}
