package io.khonsu.mvcc;

import static io.khonsu.mvcc.TestTransaction.key;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jetbrains.kotlinx.lincheck.Actor;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.jetbrains.lincheck.datastructures.Validate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Merges that are left for later: every reader is given the same sum, worked out once. */
@Param(name = "key", gen = IntGen.class, conf = "1:2")
@Param(name = "value", gen = IntGen.class, conf = "1:9")
@SuppressWarnings("missing-explicit-ctor") // public for Lincheck alone
public final class DeltaLincheckTest {
  private final Later merger = new Later();
  private final TxnBuffer<Long> buffer =
      new TxnBuffer<>(BufferOptions.<Long>simple().withMerger(merger));

  /** Adds when someone asks for the sum, and remembers the newest operand of each time. */
  private static final class Later implements Merger<Long> {
    final Queue<Version<Long>> newest = new ConcurrentLinkedQueue<>();

    @Override
    public Item<Long> merge(
        Key key, @Nullable Version<Long> committed, List<Version<Long>> operands) {
      newest.add(operands.getLast());
      return Adding.INSTANCE.merge(key, committed, operands);
    }

    @Override
    public long weigh(
        Key key, Version<Long> operand, @Nullable Version<Long> below, long weightBelow) {
      return 0;
    }
  }

  @Test
  void merges_interleaved_areLinearizable() {
    Linchecks.modelCheck(getClass(), Specification.class, 3, 50);
  }

  /** Both want the value of one delta, and one of the two collects what lies below it. */
  @Test
  void readers_ofOneDelta_workItOutOnce() {
    Linchecks.modelCheck(
        getClass(),
        Specification.class,
        150,
        Linchecks.scenario(
            List.of(operation("put", 1, 1), operation("add", 1, 2), operation("add", 1, 4)),
            List.of(operation("get", 1)),
            List.of(operation("get", 1), operation("collect"))));
  }

  @Test
  void merges_onThreads_areLinearizable() {
    Linchecks.stress(getClass(), Specification.class, 5, 500);
  }

  @Test
  @Tag("long")
  void manyMerges_interleaved_areLinearizable() {
    Linchecks.modelCheck(getClass(), Specification.class, 200, 5_000);
  }

  @Test
  @Tag("long")
  void manyMerges_onThreads_areLinearizable() {
    Linchecks.stress(getClass(), Specification.class, 200, 20_000);
  }

  @Operation
  public void add(@Param(name = "key") int key, @Param(name = "value") int value) {
    try (TestTransaction<Long> tx = TestTransaction.begin(buffer)) {
      tx.writes.merge(key(key), (long) value, 0, ConflictStrategy.FAIL);
      TestTransaction.accepted(tx.commit());
    }
  }

  @Operation
  public void put(@Param(name = "key") int key, @Param(name = "value") int value) {
    TestTransaction.put(buffer, key(key), (long) value);
  }

  @Operation
  public void delete(@Param(name = "key") int key) {
    TestTransaction.delete(buffer, key(key));
  }

  @Operation
  public @Nullable Long get(@Param(name = "key") int key) {
    return TestTransaction.read(buffer, key(key));
  }

  /** One snapshot, read twice: it may begin with a delta, and end with what was made of it. */
  @Operation
  public List<Long> getTwice(@Param(name = "key") int key) {
    try (Snapshot<Long> now = buffer.snapshot()) {
      return List.of(
          orZero(TestTransaction.at(buffer, key(key), now)),
          orZero(TestTransaction.at(buffer, key(key), now)));
    }
  }

  @Operation
  public void collect() {
    buffer.collect();
  }

  /** Nobody has made a sum that another had made already. */
  @Validate
  public void eachIsWorkedOutOnce() {
    List<Version<Long>> made = new ArrayList<>(merger.newest);
    for (int i = 0; i < made.size(); i++) {
      for (int j = 0; j < i; j++) {
        Invariants.check(isOther(made.get(i), made.get(j)), "a delta is worked out once");
      }
    }
  }

  @SuppressWarnings("ReferenceEquality") // these very versions
  private static boolean isOther(Version<Long> one, Version<Long> other) {
    return one != other;
  }

  private static long orZero(@Nullable Long value) {
    return value == null ? 0 : value;
  }

  private Actor operation(String name, Object... arguments) {
    return Linchecks.operation(getClass(), name, arguments);
  }

  /** What the operations mean. */
  public static class Specification {
    private final Map<Integer, Long> items = new HashMap<>();

    public void add(int key, int value) {
      items.merge(key, (long) value, Long::sum);
    }

    public void put(int key, int value) {
      items.put(key, (long) value);
    }

    public void delete(int key) {
      items.remove(key);
    }

    public @Nullable Long get(int key) {
      return items.get(key);
    }

    public List<Long> getTwice(int key) {
      long value = items.getOrDefault(key, 0L);
      return List.of(value, value);
    }

    public void collect() {}
  }
}
