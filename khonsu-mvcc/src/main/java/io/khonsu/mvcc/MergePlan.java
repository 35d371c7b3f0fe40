package io.khonsu.mvcc;

import org.jspecify.annotations.Nullable;

/** The merges that a request has made, each with the version it was made against. */
final class MergePlan<V> {
  private final Merger<V> merger;
  private final ValueLifecycle<V> lifecycle;
  private final @Nullable Version<V>[] bases;
  private final @Nullable Version<V>[] merged;
  private final @Nullable Version<V>[] inputs;

  MergePlan(int size, Merger<V> merger, ValueLifecycle<V> lifecycle) {
    this.merger = merger;
    this.lifecycle = lifecycle;
    this.bases = newVersions(size);
    this.merged = newVersions(size);
    this.inputs = newVersions(size);
  }

  /** Makes a merge, in place of an earlier one. */
  void merge(int position, Key key, Version<V> base, Version<V> staged) {
    discard(position);
    Merger.Item<V> item = merger.merge(key, base, staged);
    Version<V> result = new Version<>();
    result.assign(item.value(), item.index());
    bases[position] = base;
    merged[position] = result;
    inputs[position] = staged;
  }

  /** {@return whether the merge against {@code base} was made} */
  @SuppressWarnings("ReferenceEquality") // this very version
  boolean isMade(int position, Version<V> base) {
    return bases[position] == base;
  }

  /** {@return the merged version, which is still the plan's} */
  Version<V> merged(int position) {
    return Invariants.present(merged[position], "a merge that was made");
  }

  /** {@return whether the merge came to what is committed already} */
  @SuppressWarnings("ReferenceEquality") // the same value, not an equal one
  boolean isUnchanged(int position) {
    Version<V> base = Invariants.present(bases[position], "a merge that was made");
    return merged(position).value() == base.value() && merged(position).index() == base.index();
  }

  /** {@return the merged version, which is the caller's from now on} */
  Version<V> take(int position) {
    Version<V> taken = merged(position);
    merged[position] = null;
    return taken;
  }

  /** Hands back what was not taken. */
  void discardUnused() {
    for (int i = 0; i < merged.length; i++) {
      discard(i);
    }
  }

  @SuppressWarnings("ReferenceEquality") // the same value, not an equal one
  private void discard(int position) {
    Version<V> unused = merged[position];
    Version<V> base = bases[position];
    Version<V> input = inputs[position];
    merged[position] = null;
    bases[position] = null;
    if (unused == null || base == null || input == null) {
      return;
    }
    V value = unused.requireValue();
    if (value != base.value() && value != input.value()) {
      lifecycle.discarded(value);
    }
  }

  @SuppressWarnings({"unchecked", "rawtypes"}) // arrays of a generic type
  private static <V> @Nullable Version<V>[] newVersions(int length) {
    return new Version[length];
  }
}
