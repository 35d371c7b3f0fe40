package io.khonsu.mvcc;

import static io.khonsu.mvcc.TestTransaction.key;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jetbrains.kotlinx.lincheck.Actor;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Scans while blocks of four chains split and merge. Two keys stay: every scan sees each of them
 * once, in order. Others come and go: whether one is there is linearizable, for each alone.
 */
@Param(name = "number", gen = IntGen.class, conf = "0:3")
@SuppressWarnings("missing-explicit-ctor") // public for Lincheck alone
public final class OrderedIndexLincheckTest {
  private static final List<Integer> STAYING = List.of(0, 10);
  private static final List<Integer> COMING_AND_GOING = List.of(2, 4, 6, 8);

  private final TxnBuffer<Long> owner = new TxnBuffer<>(BufferOptions.simple());
  private final OrderedIndex<Long> index = new OrderedIndex<>(4);
  private final List<Chain<Long>> chains = new ArrayList<>();
  private final List<AtomicBoolean> isIn = new ArrayList<>();

  /**
   * Makes three blocks of one chain each, 0 and 4 and 10: if 4 leaves they become one, and three
   * more than the two that stay make it split.
   */
  public OrderedIndexLincheckTest() {
    for (int key : COMING_AND_GOING) {
      chains.add(chain(key));
      isIn.add(new AtomicBoolean());
    }
    Chain<Long> splitter = chain(7);
    index.insert(chain(STAYING.get(0)));
    toggle(0);
    toggle(1);
    index.insert(chain(STAYING.get(1)));
    toggle(2);
    toggle(3);
    index.insert(splitter);
    index.remove(splitter);
    toggle(0);
    toggle(2);
    toggle(3);
    Invariants.check(index.blockCount() == 3, "three blocks to begin with");
  }

  @Test
  void scans_amongSplitsAndMerges_seeWhatStays() {
    Linchecks.modelCheck(getClass(), Specification.class, 5, 100);
  }

  @Test
  void scan_whileThreeBlocksBecomeOneAndSplit_seesWhatStays() {
    Linchecks.modelCheck(
        getClass(),
        Specification.class,
        200,
        Linchecks.scenario(
            List.of(),
            List.of(operation("scan"), operation("scan")),
            List.of(toggling(1), toggling(0), toggling(1), toggling(2))));
  }

  @Test
  void scans_onThreads_seeWhatStays() {
    Linchecks.stress(getClass(), Specification.class, 5, 500);
  }

  @Test
  @Tag("long")
  void manyScans_amongSplitsAndMerges_seeWhatStays() {
    Linchecks.modelCheck(getClass(), Specification.class, 200, 5_000);
  }

  @Test
  @Tag("long")
  void manyScans_onThreads_seeWhatStays() {
    Linchecks.stress(getClass(), Specification.class, 200, 20_000);
  }

  /** Inserts or removes; as in the point index, only one thread at a time does so to a key. */
  @Operation
  public boolean toggle(@Param(name = "number") int number) {
    AtomicBoolean isThere = isIn.get(number);
    synchronized (isThere) {
      if (isThere.get()) {
        index.remove(chains.get(number));
      } else {
        index.insert(chains.get(number));
      }
      isThere.set(!isThere.get());
      return isThere.get();
    }
  }

  @Operation
  public boolean contains(@Param(name = "number") int number) {
    Chain<Long> chain = chains.get(number);
    OrderedIndex.Content<Long> content = index.contentAt(chain);
    int count = content.count;
    int at = content.lowerBound(chain, count);
    return at < count && content.chains[at].equals(chain);
  }

  /** {@return the keys met that stay} */
  @Operation
  public List<Integer> scan() {
    List<Integer> staying = new ArrayList<>();
    int last = -1;
    OrderedIndex.Content<Long> content = index.contentAt(key(0));
    while (content != null) {
      int count = content.count;
      for (int i = 0; i < count; i++) {
        int number = TestTransaction.number(content.chains[i]);
        Invariants.check(number > last, "a scan goes up");
        last = number;
        if (STAYING.contains(number)) {
          staying.add(number);
        }
      }
      content = content.next();
    }
    return staying;
  }

  private Chain<Long> chain(int number) {
    return new Chain<>(owner, key(number));
  }

  private Actor operation(String name) {
    return Linchecks.operation(getClass(), name);
  }

  private Actor toggling(int number) {
    return Linchecks.operation(getClass(), "toggle", number);
  }

  /** What the operations mean. */
  public static class Specification {
    private final boolean[] isIn = {false, true, false, false};

    public boolean toggle(int number) {
      isIn[number] = !isIn[number];
      return isIn[number];
    }

    public boolean contains(int number) {
      return isIn[number];
    }

    public List<Integer> scan() {
      return STAYING;
    }
  }
}
