package io.khonsu.mvcc;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One relocation on its way; see {@link TxnBuffer#relocate}. */
final class Relocating<V> {
  /*
   * A version is not changed: its chain gets a twin of it as head, with the same number and another
   * value and index. First the owner is told that the old place is superseded, so that no run of
   * old places counts as intact once newer commits supersede new places only. All this happens in
   * stays inside the commit section that are short, because others wait outside.
   */

  /** Items per stay: a few microseconds. */
  private static final int ITEMS_PER_STAY = 16;

  private final TxnBuffer<V> buffer;
  private final VacatedVersions<V> vacated;
  private final List<? extends Key> keys;
  private final List<Version<V>> versions;
  private final V value;
  private final int size;
  private final BitSet moved;

  Relocating(
      TxnBuffer<V> buffer,
      VacatedVersions<V> vacated,
      List<? extends Key> keys,
      List<Version<V>> versions,
      V value) {
    this.buffer = buffer;
    this.vacated = vacated;
    this.keys = keys;
    this.versions = versions;
    this.value = value;
    this.size = keys.size();
    this.moved = new BitSet(size);
  }

  int run() {
    try {
      for (int from = 0; from < size; from += ITEMS_PER_STAY) {
        stay(from, Math.min(from + ITEMS_PER_STAY, size));
      }
    } finally {
      settle();
    }
    return moved.cardinality();
  }

  /** Moves some items; what can be done outside the section is, down to loading their heads. */
  private void stay(int from, int to) {
    List<@Nullable Version<V>> twins = new ArrayList<>(to - from);
    int wanted = 0;
    for (int i = from; i < to; i++) {
      boolean isCurrent = isCurrent(chain(i), versions.get(i));
      twins.add(isCurrent ? twin(i) : null);
      wanted += isCurrent ? 1 : 0;
    }
    if (wanted == 0) {
      return;
    }
    buffer.section().enterForUpkeep();
    try {
      for (int i = from; i < to; i++) {
        Version<V> twin = twins.get(i - from);
        if (twin != null) {
          move(i, twin);
        }
      }
    } finally {
      buffer.leave();
    }
  }

  private void move(int position, Version<V> twin) {
    Chain<V> chain = chain(position);
    Version<V> old = versions.get(position);
    if (chain != null && isCurrent(chain, old)) {
      buffer.options().lifecycle().superseded(old.requireValue(), old.index());
      buffer.collector().retireOperand(chain.head());
      chain.replaceHead(twin);
      moved.set(position);
    }
  }

  private @Nullable Chain<V> chain(int position) {
    return buffer.table().resolve(keys.get(position));
  }

  /** An unpublished version stays where it is: its commit may be withdrawn, or be encoded now. */
  private boolean isCurrent(@Nullable Chain<V> chain, Version<V> version) {
    return chain != null
        && !chain.isDead()
        && isHead(chain.head(), version)
        && version.version <= buffer.newestVersion();
  }

  @SuppressWarnings("ReferenceEquality") // this very version
  private static <V> boolean isHead(@Nullable Version<V> head, Version<V> version) {
    return head == version || (head instanceof Delta<V> delta && delta.result() == version);
  }

  private Version<V> twin(int position) {
    Version<V> twin = new Version<>();
    twin.assign(value, position);
    twin.version = versions.get(position).version;
    return twin;
  }

  /** Old places wait for their readers; new ones that were not taken belong to nobody. */
  private void settle() {
    List<Version<V>> left = new ArrayList<>(size);
    for (int i = moved.nextSetBit(0); i >= 0; i = moved.nextSetBit(i + 1)) {
      left.add(versions.get(i));
    }
    vacated.add(left);
    for (int i = moved.nextClearBit(0); i < size; i = moved.nextClearBit(i + 1)) {
      buffer.options().lifecycle().retired(value, i);
    }
  }
}
