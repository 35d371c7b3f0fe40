package io.khonsu.mvcc;

import static io.khonsu.mvcc.TestTransaction.key;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.jetbrains.lincheck.datastructures.Validate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Transactions of one to three items against a map: strictly serializable, leaving nothing. */
@Param(name = "key", gen = IntGen.class, conf = "1:3")
@Param(name = "value", gen = IntGen.class, conf = "1:9")
@SuppressWarnings("missing-explicit-ctor") // public for Lincheck alone
public final class TxnBufferLincheckTest {
  private final TxnBuffer<Integer> buffer = new TxnBuffer<>(BufferOptions.simple());

  @Test
  void transactions_interleaved_areLinearizable() {
    Linchecks.modelCheck(getClass(), Specification.class, 5, 100);
  }

  @Test
  void transactions_onThreads_areLinearizable() {
    Linchecks.stress(getClass(), Specification.class, 5, 500);
  }

  @Test
  @Tag("long")
  void manyTransactions_interleaved_areLinearizable() {
    Linchecks.modelCheck(getClass(), Specification.class, 200, 5_000);
  }

  @Test
  @Tag("long")
  void manyTransactions_onThreads_areLinearizable() {
    Linchecks.stress(getClass(), Specification.class, 200, 20_000);
  }

  @Operation
  public void put(@Param(name = "key") int key, @Param(name = "value") int value) {
    TestTransaction.put(buffer, key(key), value);
  }

  @Operation
  public void delete(@Param(name = "key") int key) {
    TestTransaction.delete(buffer, key(key));
  }

  @Operation
  public @Nullable Integer get(@Param(name = "key") int key) {
    return TestTransaction.read(buffer, key(key));
  }

  /** Reads and writes one item. */
  @Operation
  public int add(@Param(name = "key") int key) {
    while (true) {
      try (TestTransaction<Integer> tx = TestTransaction.begin(buffer)) {
        int sum = orZero(tx.get(key(key))) + 1;
        if (tx.put(key(key), sum).commits()) {
          return sum;
        }
      }
    }
  }

  /** Reads and writes two items, or does nothing to one. */
  @Operation
  public void transfer(@Param(name = "key") int from, @Param(name = "key") int to) {
    boolean done = from == to;
    while (!done) {
      try (TestTransaction<Integer> tx = TestTransaction.begin(buffer)) {
        tx.put(key(from), orZero(tx.get(key(from))) - 1);
        tx.put(key(to), orZero(tx.get(key(to))) + 1);
        done = tx.commits();
      }
    }
  }

  /** Reads a range and writes one item: phantoms would show. */
  @Operation
  public int putSum(@Param(name = "key") int key) {
    while (true) {
      try (TestTransaction<Integer> tx = TestTransaction.begin(buffer)) {
        int sum = 0;
        for (int value : tx.scan(TestTransaction.ALL, null).values()) {
          sum += value;
        }
        if (tx.put(key(key), sum).commits()) {
          return sum;
        }
      }
    }
  }

  @Operation
  public List<Integer> scan() {
    NavigableMap<Key, Integer> found = TestTransaction.scan(buffer);
    List<Integer> all = new ArrayList<>();
    for (Map.Entry<Key, Integer> item : found.entrySet()) {
      all.add(TestTransaction.number(item.getKey()));
      all.add(item.getValue());
    }
    return all;
  }

  @Operation
  public void collect() {
    buffer.collect();
  }

  /** Nobody reads any more: one version of each item is left. */
  @Validate
  public void nothingIsLeftBehind() {
    buffer.collect();
    BufferStatistics left = buffer.statistics();
    int items = TestTransaction.scan(buffer).size();
    Invariants.check(left.snapshots() == 0, "every snapshot was closed");
    Invariants.check(left.items() == items, "deleted items are purged");
    Invariants.check(left.versions() == items, "overwritten versions are unlinked");
  }

  private static int orZero(@Nullable Integer value) {
    return value == null ? 0 : value;
  }

  /** What the operations mean. */
  public static class Specification {
    private final TreeMap<Integer, Integer> items = new TreeMap<>();

    public void put(int key, int value) {
      items.put(key, value);
    }

    public void delete(int key) {
      items.remove(key);
    }

    public @Nullable Integer get(int key) {
      return items.get(key);
    }

    public int add(int key) {
      return items.merge(key, 1, Integer::sum);
    }

    public void transfer(int from, int to) {
      if (from != to) {
        items.merge(from, -1, Integer::sum);
        items.merge(to, 1, Integer::sum);
      }
    }

    public int putSum(int key) {
      int sum = 0;
      for (int value : items.values()) {
        sum += value;
      }
      items.put(key, sum);
      return sum;
    }

    public List<Integer> scan() {
      List<Integer> all = new ArrayList<>();
      items.forEach((key, value) -> {
        all.add(key);
        all.add(value);
      });
      return all;
    }

    public void collect() {}
  }
}
