package io.khonsu.mvcc;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;

/** A lifecycle of values with many places, which keeps books per place. */
final class BlockLifecycle implements ValueLifecycle<BlockLifecycle.Block> {
  /** Thrown where a test wants telling the owner to fail: the number of calls until then. */
  final AtomicInteger supersedesLeft = new AtomicInteger(Integer.MAX_VALUE);

  final AtomicInteger vacated = new AtomicInteger();
  final AtomicInteger retired = new AtomicInteger();

  @Override
  public void superseded(Block value, int index) {
    if (supersedesLeft.getAndDecrement() <= 0) {
      throw new IllegalStateException("no memory to note it");
    }
    int now = value.superseded.incrementAndGet(index);
    Invariants.check(now == 1, "superseded once");
  }

  @Override
  public void reinstated(Block value, int index) {
    int now = value.superseded.decrementAndGet(index);
    Invariants.check(now == 0, "reinstated after superseded");
  }

  @Override
  public boolean isIntact(Block value, int firstIndex, int count) {
    for (int i = firstIndex; i < firstIndex + count; i++) {
      if (value.superseded.get(i) > 0) {
        return false;
      }
    }
    return true;
  }

  @Override
  public void retired(Block value, int index) {
    free(value, index);
    retired.incrementAndGet();
  }

  @Override
  public void vacated(Block value, int index) {
    Invariants.check(value.superseded.get(index) == 1, "superseded before vacated");
    free(value, index);
    vacated.incrementAndGet();
  }

  @Override
  public void discarded(Block value) {
    throw new AssertionError("nothing is merged");
  }

  private static void free(Block value, int index) {
    int now = value.freed.incrementAndGet(index);
    Invariants.check(now == 1, "freed once");
    value.contents[index] = Block.FREED;
  }

  /** Longs that are overwritten when they are freed. */
  static final class Block {
    static final long FREED = Long.MIN_VALUE;

    private final long[] contents;
    private final AtomicIntegerArray superseded;
    private final AtomicIntegerArray freed;

    Block(long... contents) {
      this.contents = contents.clone();
      this.superseded = new AtomicIntegerArray(contents.length);
      this.freed = new AtomicIntegerArray(contents.length);
    }

    /** {@return the content of a place; {@link #FREED} is what a reader must never see} */
    long content(int index) {
      return contents[index];
    }

    boolean isSuperseded(int index) {
      return superseded.get(index) > 0;
    }

    boolean isFreed(int index) {
      return freed.get(index) > 0;
    }
  }
}
