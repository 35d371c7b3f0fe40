package io.khonsu.mvcc;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Adds numbers. */
enum Adding implements Merger<Long> {
  INSTANCE;

  /**
   * Adds.
   *
   * @throws ArithmeticException if the sum overflows
   */
  @Override
  public Item<Long> merge(
      Key key, @Nullable Version<Long> committed, List<Version<Long>> operands) {
    long sum = committed == null ? 0 : committed.requireValue();
    for (Version<Long> operand : operands) {
      sum = Math.addExact(sum, operand.requireValue());
    }
    return new Item<>(sum, 0);
  }

  @Override
  public boolean isQuick() {
    return true;
  }
}
