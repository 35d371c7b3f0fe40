package io.khonsu.mvcc;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * The snapshots that someone reads at: padded slots, claimed by compare-and-set. No ThreadLocal, so
 * that virtual threads cost nothing here.
 *
 * <p>Claiming before looking is the whole protocol. A reader claims a slot with any version it has
 * seen published, <em>then</em> loads the newest published version and reads at that. The collector
 * loads the newest published version (its boundary), <em>then</em> looks at the slots, and keeps
 * whatever is newer than the boundary or visible at it. If it misses a claim, that reader loaded
 * its snapshot later and so reads at the boundary or above; otherwise it sees the claim and keeps
 * what is visible there. Both sides use sequentially consistent accesses.
 */
final class ActiveSnapshots {
  private static final VarHandle SLOT = MethodHandles.arrayElementVarHandle(long[].class);
  private static final long FREE = Long.MAX_VALUE;

  /** Slots in a page, and longs between two slots: 128 bytes, as processors prefetch line pairs. */
  private static final int SLOTS = 64;

  private static final int STRIDE = 16;

  private final CopyOnWriteArrayList<long[]> pages = new CopyOnWriteArrayList<>();

  ActiveSnapshots() {
    pages.add(newPage());
  }

  /**
   * {@return the number of a slot claimed at {@code version}, where readers are safe from now on}
   */
  int claim(long version) {
    int start = (int) ((Thread.currentThread().threadId() * 0x9E3779B1L) >>> 8) & (SLOTS - 1);
    for (int page = 0; ; page++) {
      if (page == pages.size()) {
        grow(page);
      }
      long[] slots = pages.get(page);
      for (int i = 0; i < SLOTS; i++) {
        int slot = (start + i) & (SLOTS - 1);
        if ((long) SLOT.getOpaque(slots, slot * STRIDE) == FREE
            && SLOT.compareAndSet(slots, slot * STRIDE, FREE, version)) {
          return page * SLOTS + slot;
        }
      }
    }
  }

  /** Moves a claimed slot forward to a version that is published. */
  void raise(int slot, long version) {
    SLOT.setRelease(pages.get(slot / SLOTS), (slot % SLOTS) * STRIDE, version);
  }

  /** Gives a claimed slot back. */
  void release(int slot) {
    SLOT.setRelease(pages.get(slot / SLOTS), (slot % SLOTS) * STRIDE, FREE);
  }

  /** {@return the claimed versions, ascending, with repetitions} */
  long[] sorted() {
    long[] found = new long[8];
    int count = 0;
    for (long[] slots : pages) {
      for (int i = 0; i < SLOTS; i++) {
        long version = (long) SLOT.getVolatile(slots, i * STRIDE);
        if (version == FREE) {
          continue;
        }
        if (count == found.length) {
          found = Arrays.copyOf(found, count * 2);
        }
        found[count++] = version;
      }
    }
    long[] versions = Arrays.copyOf(found, count);
    Arrays.sort(versions);
    return versions;
  }

  private synchronized void grow(int page) {
    if (page == pages.size()) {
      pages.add(newPage());
    }
  }

  private static long[] newPage() {
    long[] page = new long[(SLOTS + 1) * STRIDE];
    Arrays.fill(page, FREE);
    return page;
  }
}
