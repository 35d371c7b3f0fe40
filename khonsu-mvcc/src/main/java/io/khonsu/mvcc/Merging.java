package io.khonsu.mvcc;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The merges of one request: each is laid over what it finds, or made beforehand. See {@link
 * Merger} for which and why.
 */
final class Merging<V> {
  private final TxnBuffer<V> buffer;
  private final Deltas<V> deltas;
  private final WriteSet<V> writes;
  private final @Nullable Version<V>[] bases;
  private final @Nullable Version<V>[] made;
  private final boolean[] isMade;

  Merging(TxnBuffer<V> buffer, WriteSet<V> writes) {
    this.buffer = buffer;
    this.deltas = buffer.deltas();
    this.writes = writes;
    this.bases = Committing.newVersions(writes.size());
    this.made = Committing.newVersions(writes.size());
    this.isMade = new boolean[writes.size()];
  }

  /** Works out a long run of deltas before another one is added. Outside the section. */
  void shorten(Chain<V> chain) {
    Version<V> head = chain.head();
    if (head != null && head.run() >= Deltas.RUN_MAX) {
      try (Snapshot<V> now = buffer.readOnlySnapshot()) {
        Version<V> newest = chain.visibleAt(now.version());
        var _ = newest == null ? null : newest.settled();
      }
    }
  }

  /** Makes a merge against what is published now. Outside the section. */
  void makeOutside(int position, Chain<V> chain) {
    try (Snapshot<V> now = buffer.readOnlySnapshot()) {
      Version<V> newest = chain.visibleAt(now.version());
      Version<V> base = newest == null ? null : newest.settled();
      if (!isMade(position, base)) {
        make(position, chain, base);
      }
    }
  }

  /**
   * Decides how a merge is installed. Commit section only.
   *
   * @param makesHere whether it is merged here if that was not done outside, or to another state
   * @return false if it was not
   */
  boolean place(int position, Chain<V> chain, boolean makesHere) {
    Version<V> head = chain.head();
    Delta<V> delta = delta(position);
    long weight = deltas.weigh(chain, delta, head);
    isMade[position] = weight < 0;
    if (weight >= 0) {
      delta.layOver(chain, head, deltas, weight);
      return true;
    }
    boolean isReady = head == null || head.isSettled();
    if (isReady && isMade(position, head == null ? null : head.settled())) {
      return true;
    }
    if (makesHere || deltas.merger().isQuick()) {
      make(position, chain, head == null ? null : head.settled());
      return true;
    }
    return false;
  }

  /** Decides that a merge is not installed. */
  void drop(int position) {
    isMade[position] = false;
  }

  /** {@return what is installed for a merge} */
  Version<V> installed(int position) {
    return isMade[position]
        ? Invariants.present(made[position], "a merge that was made")
        : writes.version(position);
  }

  /** {@return whether the operand of a merge is not needed any more, now that it is installed} */
  @SuppressWarnings("ReferenceEquality") // the same value, not an equal one
  boolean isSpent(int position) {
    return isMade[position] && installed(position).value() != writes.version(position).value();
  }

  /** Notes that what was made is installed, and so belongs to the buffer. */
  void taken() {
    for (int i = 0; i < made.length; i++) {
      if (isMade[i]) {
        made[i] = null;
      }
    }
  }

  /** Hands back what was made and not installed. */
  void discardUnused() {
    for (int i = 0; i < made.length; i++) {
      discard(i);
    }
  }

  private Delta<V> delta(int position) {
    return (Delta<V>) writes.version(position);
  }

  @SuppressWarnings("ReferenceEquality") // this very version
  private boolean isMade(int position, @Nullable Version<V> base) {
    return made[position] != null && bases[position] == present(base);
  }

  private void make(int position, Chain<V> chain, @Nullable Version<V> base) {
    discard(position);
    made[position] = deltas.merge(chain, base, List.of(delta(position)));
    bases[position] = present(base);
  }

  private static <V> @Nullable Version<V> present(@Nullable Version<V> version) {
    return version == null || version.isTombstone() ? null : version;
  }

  @SuppressWarnings("ReferenceEquality") // the same value, not an equal one
  private void discard(int position) {
    Version<V> unused = made[position];
    made[position] = null;
    bases[position] = null;
    if (unused != null && unused.value() != writes.version(position).value()) {
      buffer.options().lifecycle().discarded(unused.requireValue());
    }
  }
}
