package io.khonsu.mvcc;

import static io.khonsu.mvcc.TestTransaction.key;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.jetbrains.kotlinx.lincheck.Actor;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Snapshots of all kinds, each read twice, while others commit, collect and purge: what they see is
 * one state between their opening and their end, and stays.
 */
@Param(name = "value", gen = IntGen.class, conf = "1:9")
@SuppressWarnings("missing-explicit-ctor") // public for Lincheck alone
public final class SnapshotLincheckTest {
  private static final int ITEMS = 2;
  private static final KeyInterval BOTH = new KeyInterval(key(0), key(ITEMS));

  private final TxnBuffer<Batch> buffer =
      new TxnBuffer<>(BufferOptions.<Batch>simple().withLifecycle(new Batches()));

  @Test
  void snapshots_interleavedWithCommits_areAtomicReads() {
    Linchecks.modelCheck(getClass(), Specification.class, 5, 100);
  }

  /** Wherever a commit of two items is interrupted, a reader sees both or none. */
  @ParameterizedTest
  @ValueSource(strings = {"readTwice", "scanAndRead"})
  void commit_interruptedByAReader_isAtomic(String reading) {
    Linchecks.modelCheck(
        getClass(),
        Specification.class,
        400,
        Linchecks.scenario(
            List.of(operation("putBoth", 1)),
            List.of(operation("putBoth", 2)),
            List.of(operation(reading))));
  }

  /** Two commits and a look at the snapshots between the steps of opening one. */
  @ParameterizedTest
  @Tag("long")
  @ValueSource(strings = {"readTwice", "readOnlyTwice"})
  void snapshot_openingWhileVersionsArePruned_keepsWhatItSees(String reading) {
    Linchecks.modelCheckReaders(
        getClass(),
        Specification.class,
        10_000,
        Linchecks.scenario(
            List.of(operation("putBoth", 1)),
            List.of(operation(reading)),
            List.of(operation("putBoth", 2), operation("putBoth", 3), operation("collect"))));
  }

  @Test
  void snapshots_onThreads_areAtomicReads() {
    Linchecks.stress(getClass(), Specification.class, 5, 500);
  }

  @Test
  @Tag("long")
  void manySnapshots_interleavedWithCommits_areAtomicReads() {
    Linchecks.modelCheck(getClass(), Specification.class, 200, 5_000);
  }

  @Test
  @Tag("long")
  void manySnapshots_onThreads_areAtomicReads() {
    Linchecks.stress(getClass(), Specification.class, 200, 20_000);
  }

  /** One batch for both items, as a run that scans may take at once. */
  @Operation
  public void putBoth(@Param(name = "value") int value) {
    try (TestTransaction<Batch> tx = TestTransaction.begin(buffer)) {
      Batch batch = new Batch(value);
      for (int i = 0; i < ITEMS; i++) {
        tx.writes.put(key(i), batch, i, ConflictStrategy.FAIL);
      }
      TestTransaction.accepted(tx.commit());
    }
  }

  @Operation
  public void putSecond(@Param(name = "value") int value) {
    TestTransaction.put(buffer, key(1), new Batch(value));
  }

  @Operation
  public void deleteBoth() {
    try (TestTransaction<Batch> tx = TestTransaction.begin(buffer)) {
      TestTransaction.accepted(tx.delete(key(0)).delete(key(1)).commit());
    }
  }

  @Operation
  public void collect() {
    buffer.collect();
  }

  /** With a snapshot for a transaction: each item twice. */
  @Operation
  public List<Integer> readTwice() {
    try (Snapshot<Batch> now = buffer.snapshot()) {
      return readTwice(now);
    }
  }

  @Operation
  public List<Integer> readOnlyTwice() {
    try (Snapshot<Batch> now = buffer.readOnlySnapshot()) {
      return readTwice(now);
    }
  }

  /** With a snapshot of a version that may be purged before it is opened. */
  @Operation
  public List<Integer> readPastTwice() {
    while (true) {
      try (Snapshot<Batch> then = buffer.snapshotAt(buffer.newestVersion())) {
        if (then != null) {
          return readTwice(then);
        }
      }
    }
  }

  /** First the range, with its runs, then the items. */
  @Operation
  public List<Integer> scanAndRead() {
    try (Snapshot<Batch> now = buffer.readOnlySnapshot()) {
      List<Integer> found = new ArrayList<>(scan(now));
      found.addAll(read(now));
      return found;
    }
  }

  private List<Integer> readTwice(Snapshot<Batch> snapshot) {
    List<Integer> found = new ArrayList<>(read(snapshot));
    found.addAll(read(snapshot));
    return found;
  }

  private List<Integer> read(Snapshot<Batch> snapshot) {
    int first = valueOf(buffer.get(key(0), snapshot));
    Version<Batch> second = buffer.get(key(1), snapshot);
    Invariants.check(
        second == null || second.version() == snapshot.version(),
        "every commit writes the second item, so its version is the snapshot's");
    return List.of(first, valueOf(second));
  }

  private List<Integer> scan(Snapshot<Batch> snapshot) {
    Integer[] found = {0, 0};
    buffer.scan(
        BOTH,
        snapshot,
        new ScanVisitor<>() {
          @Override
          public void item(Key key, Version<Batch> version) {
            found[TestTransaction.number(key)] = valueOf(version);
          }

          @Override
          public boolean run(Batch batch, int firstIndex, int count) {
            Arrays.fill(found, firstIndex, firstIndex + count, batch.value);
            return true;
          }
        });
    return List.of(found);
  }

  private static int valueOf(@Nullable Version<Batch> version) {
    return version == null || version.isTombstone() ? 0 : version.requireValue().value;
  }

  private Actor operation(String name, Object... arguments) {
    return Linchecks.operation(getClass(), name, arguments);
  }

  /** A value of one or two versions, which knows which of them are superseded. */
  static final class Batch {
    private final int value;
    private final AtomicIntegerArray superseded = new AtomicIntegerArray(ITEMS);

    Batch(int value) {
      this.value = value;
    }
  }

  /** Tells scans which batches are whole. */
  private static final class Batches implements ValueLifecycle<Batch> {
    @Override
    public void superseded(Batch batch, int index) {
      batch.superseded.set(index, 1);
    }

    @Override
    public void reinstated(Batch batch, int index) {
      batch.superseded.set(index, 0);
    }

    @Override
    public boolean isIntact(Batch batch, int firstIndex, int count) {
      int sum = 0;
      for (int i = firstIndex; i < firstIndex + count; i++) {
        sum += batch.superseded.get(i);
      }
      return sum == 0;
    }

    @Override
    public void retired(Batch batch, int index) {}

    @Override
    public void discarded(Batch batch) {}
  }

  /** What the operations mean. */
  public static class Specification {
    private int first;
    private int second;

    public void putBoth(int value) {
      first = value;
      second = value;
    }

    public void putSecond(int value) {
      second = value;
    }

    public void deleteBoth() {
      putBoth(0);
    }

    public void collect() {}

    public List<Integer> readTwice() {
      return List.of(first, second, first, second);
    }

    public List<Integer> readOnlyTwice() {
      return readTwice();
    }

    public List<Integer> readPastTwice() {
      return readTwice();
    }

    public List<Integer> scanAndRead() {
      return readTwice();
    }
  }
}
