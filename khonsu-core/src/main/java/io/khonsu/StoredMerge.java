package io.khonsu;

import java.util.ArrayList;
import java.util.List;

/**
 * What transactions merge into a row: an operand, on the heap.
 *
 * @param steps one after the other, at least one
 */
record StoredMerge(List<MergeStep> steps) implements StoredValue {
  /** Estimated, what one takes beside what its operand refers to. */
  static final long STEP_BYTES = 64;

  /** {@return this with one more step} */
  StoredMerge plus(MergeStep step) {
    List<MergeStep> longer = new ArrayList<>(steps);
    longer.add(step);
    return new StoredMerge(List.copyOf(longer));
  }

  /** {@return whether all steps of both merge the same way} */
  boolean isLike(StoredMerge other) {
    MergeStep first = other.steps.getFirst();
    return steps.stream().allMatch(first::isLike);
  }
}
