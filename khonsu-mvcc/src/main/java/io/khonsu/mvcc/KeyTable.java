package io.khonsu.mvcc;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * The point index: an open-addressing hash table of chains with wait-free lookups.
 *
 * <p>Lookups load a segment's slots once and probe linearly. Growth copies into new slots and
 * publishes them; a lookup that still probes the old ones misses only chains linked after it began,
 * and those hold nothing that its snapshot could see. Linking and unlinking hold the segment's
 * monitor. Lock order: commit section, segment, block of the ordered index.
 *
 * @param <V> the type of values
 */
final class KeyTable<V> {
  private static final VarHandle SLOT = MethodHandles.arrayElementVarHandle(Chain[].class);
  private static final int SEGMENT_BITS = 6;
  private static final int INITIAL_SLOTS = 16;

  private final TxnBuffer<V> owner;
  private final OrderedIndex<V> ordered;
  private final Segment<V>[] segments;
  private final Chain<V> vacated;

  @SuppressWarnings({"unchecked", "rawtypes"}) // arrays of a generic type
  KeyTable(TxnBuffer<V> owner, OrderedIndex<V> ordered) {
    this.owner = owner;
    this.ordered = ordered;
    this.vacated = new Chain<>(owner, Key.of(new byte[0]));
    vacated.die();
    this.segments = new Segment[1 << SEGMENT_BITS];
    for (int i = 0; i < segments.length; i++) {
      segments[i] = new Segment<>();
    }
  }

  /** {@return the chain of an equal key that stands in the table, or null} */
  @Nullable Chain<V> find(Key key) {
    return find(segmentOf(key).slots, key);
  }

  /**
   * {@return the chain of an equal key in the table, or null; at once if {@code key} is that chain}
   */
  @SuppressWarnings("unchecked") // a chain of this owner holds V
  @Nullable Chain<V> resolve(Key key) {
    return key instanceof Chain<?> chain && chain.isLinkedIn(owner) ? (Chain<V>) chain : find(key);
  }

  @SuppressWarnings({"unchecked", "ReferenceEquality"}) // slots hold chains of V; one is a mark
  private @Nullable Chain<V> find(Chain<V>[] slots, Key key) {
    int mask = slots.length - 1;
    int at = key.hash & mask;
    while (true) {
      Chain<V> chain = (Chain<V>) SLOT.getAcquire(slots, at);
      if (chain == null) {
        return null;
      }
      if (chain != vacated && chain.sameAs(key)) {
        return chain;
      }
      at = (at + 1) & mask;
    }
  }

  /**
   * {@return the linked chain of an equal key: the one found, or else {@code candidate} itself, if
   * it is not dead}
   */
  Chain<V> link(Chain<V> candidate) {
    Segment<V> segment = segmentOf(candidate);
    synchronized (segment) {
      Chain<V> found = find(segment.slots, candidate);
      if (found != null) {
        return found;
      }
      // A key that two threads share may have been linked and purged since it was looked at.
      Chain<V> chain = candidate.isDead() ? new Chain<>(owner, candidate) : candidate;
      segment.reserve(vacated);
      // A chain that can be found can be committed to, and must be scanned: ordered index first.
      // One that says it is linked is used without being looked up, and others must find it: last.
      ordered.insert(chain);
      segment.place(chain);
      chain.link();
      return chain;
    }
  }

  /** Takes a linked chain out of both indexes. Commit section only. */
  void unlink(Chain<V> chain) {
    Segment<V> segment = segmentOf(chain);
    synchronized (segment) {
      chain.die();
      ordered.remove(chain);
      segment.vacate(chain, vacated);
    }
  }

  /** {@return how many chains are linked} Exact while nobody links or unlinks. */
  long size() {
    long total = 0;
    for (Segment<V> segment : segments) {
      total += segment.live;
    }
    return total;
  }

  private Segment<V> segmentOf(Key key) {
    return segments[key.hash >>> (Integer.SIZE - SEGMENT_BITS)];
  }

  /** One of the independently locked parts. */
  private static final class Segment<V> {
    private volatile Chain<V>[] slots = newChains(INITIAL_SLOTS);
    private volatile int live;

    /** Live chains and vacated slots: what lookups may have to probe through. */
    private int used;

    /** Makes sure that one more chain fits below the load limit of 5/8. */
    @SuppressWarnings("ReferenceEquality") // one chain is a mark
    private void reserve(Chain<V> vacated) {
      Chain<V>[] old = slots;
      if ((used + 1) * 8L <= old.length * 5L) {
        return;
      }
      int capacity = INITIAL_SLOTS;
      while ((live + 1) * 16L > capacity * 5L) {
        capacity <<= 1;
      }
      Chain<V>[] grown = newChains(capacity);
      for (Chain<V> chain : old) {
        if (chain != null && chain != vacated) {
          grown[freeSlot(grown, chain)] = chain;
        }
      }
      used = live;
      slots = grown;
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // only under the segment's monitor
    private void place(Chain<V> chain) {
      Chain<V>[] current = slots;
      SLOT.setRelease(current, freeSlot(current, chain), chain);
      used++;
      live++;
    }

    @SuppressWarnings({"NonAtomicVolatileUpdate", "ReferenceEquality"})
    private void vacate(Chain<V> chain, Chain<V> vacated) {
      Chain<V>[] current = slots;
      int mask = current.length - 1;
      int at = chain.hash & mask;
      while (current[at] != chain) {
        Invariants.check(current[at] != null, "a linked chain stands in the table");
        at = (at + 1) & mask;
      }
      SLOT.setRelease(current, at, vacated);
      live--;
    }

    private static <V> int freeSlot(Chain<V>[] slots, Chain<V> chain) {
      int mask = slots.length - 1;
      int at = chain.hash & mask;
      while (slots[at] != null) {
        at = (at + 1) & mask;
      }
      return at;
    }
  }

  @SuppressWarnings({"unchecked", "rawtypes"}) // arrays of a generic type
  static <V> Chain<V>[] newChains(int length) {
    return new Chain[length];
  }
}
