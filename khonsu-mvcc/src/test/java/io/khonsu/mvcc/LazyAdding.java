package io.khonsu.mvcc;

import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongPredicate;
import org.jspecify.annotations.Nullable;

/** Adds numbers, those operands later that it is told to. */
final class LazyAdding implements Merger<Long> {
  final AtomicInteger merges = new AtomicInteger();
  private final LongPredicate later;

  LazyAdding(LongPredicate later) {
    this.later = later;
  }

  @Override
  public Item<Long> merge(
      Key key, @Nullable Version<Long> committed, List<Version<Long>> operands) {
    merges.incrementAndGet();
    return Adding.INSTANCE.merge(key, committed, operands);
  }

  @Override
  public long weigh(Key key, Version<Long> operand, @Nullable Version<Long> below, long weight) {
    return later.test(operand.requireValue()) ? 0 : UNBOUNDED;
  }
}
