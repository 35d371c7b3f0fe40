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
 * seen published, marked as <em>opening</em>, <em>then</em> loads the newest published version and
 * settles the slot at that. The collector loads the newest published version, <em>then</em>, after
 * a full fence, looks at each slot once, and keeps whatever is newer than its boundary or visible
 * at it. If it misses a claim, that reader loaded its snapshot later and so reads at the boundary
 * or above. If it sees a settled claim, it keeps what is visible there. If it sees an opening one,
 * that reader may read anywhere from the claimed version on, so the boundary stays that far back.
 */
final class ActiveSnapshots {
  private static final VarHandle SLOT = MethodHandles.arrayElementVarHandle(long[].class);
  static final long FREE = Long.MAX_VALUE;

  /** Marks a slot whose owner only reads: it keeps versions, but no commit records. */
  private static final long READ_ONLY = 1L << 62;

  /** Slots in a page, and longs between two slots: 128 bytes, as processors prefetch line pairs. */
  private static final int SLOTS = 64;

  private static final int STRIDE = 16;

  private final CopyOnWriteArrayList<long[]> pages = new CopyOnWriteArrayList<>();

  ActiveSnapshots() {
    pages.add(newPage());
  }

  /**
   * {@return the number of a slot claimed for reading at a version still to be looked up, not older
   * than {@code version}; to be settled next}
   */
  int open(long version) {
    return claimSlot(~version);
  }

  /** {@return as {@link #open}, for a snapshot that never commits} */
  int openToRead(long version) {
    return claimSlot(~(version | READ_ONLY));
  }

  /**
   * {@return the number of a slot claimed at {@code version}, where a snapshot that never commits
   * is safe from now on}
   */
  int claim(long version) {
    return claimSlot(version | READ_ONLY);
  }

  private int claimSlot(long word) {
    int start = (int) ((Thread.currentThread().threadId() * 0x9E3779B1L) >>> 8) & (SLOTS - 1);
    for (int page = 0; ; page++) {
      if (page == pages.size()) {
        grow(page);
      }
      long[] slots = pages.get(page);
      for (int i = 0; i < SLOTS; i++) {
        int slot = (start + i) & (SLOTS - 1);
        if ((long) SLOT.getOpaque(slots, slot * STRIDE) == FREE
            && SLOT.compareAndSet(slots, slot * STRIDE, FREE, word)) {
          return page * SLOTS + slot;
        }
      }
    }
  }

  /** Moves an opening slot forward to a version that is published. */
  void settle(int slot, long version) {
    SLOT.setRelease(pages.get(slot / SLOTS), (slot % SLOTS) * STRIDE, version);
  }

  /** As {@link #settle}, for a slot from {@link #openToRead}. */
  void settleToRead(int slot, long version) {
    settle(slot, version | READ_ONLY);
  }

  /**
   * Moves an opening slot forward, which stays open: its owner may read at any version from there
   * on.
   *
   * @param flipped chooses one of two words that say so
   */
  void stayOpen(int slot, long version, boolean flipped) {
    settle(slot, ~(flipped ? version | READ_ONLY : version));
  }

  /** Gives a claimed slot back. */
  void release(int slot) {
    SLOT.setRelease(pages.get(slot / SLOTS), (slot % SLOTS) * STRIDE, FREE);
  }

  /** {@return what is claimed, each slot looked at once} */
  Claims claims() {
    long[] found = new long[8];
    int count = 0;
    long opening = Long.MAX_VALUE;
    long committing = Long.MAX_VALUE;
    for (long[] slots : pages) {
      for (int i = 0; i < SLOTS; i++) {
        long word = (long) SLOT.getVolatile(slots, i * STRIDE);
        if (word == FREE) {
          continue;
        }
        if (count == found.length) {
          found = Arrays.copyOf(found, count * 2);
        }
        long claimed = word < 0 ? ~word : word;
        long version = claimed & ~READ_ONLY;
        found[count++] = version;
        opening = word < 0 ? Math.min(opening, version) : opening;
        committing = claimed == version ? Math.min(committing, version) : committing;
      }
    }
    long[] versions = Arrays.copyOf(found, count);
    Arrays.sort(versions);
    return new Claims(versions, opening, committing);
  }

  /** {@return every slot's word, {@link #FREE} where nobody reads; later looks have no fewer} */
  long[] words() {
    long[][] all = pages.toArray(long[][]::new);
    long[] words = new long[all.length * SLOTS];
    for (int i = 0; i < words.length; i++) {
      words[i] = (long) SLOT.getVolatile(all[i / SLOTS], (i % SLOTS) * STRIDE);
    }
    return words;
  }

  /**
   * {@return the word by which to know a reader whose slot held {@code before} and holds {@code
   * now}, or {@link #FREE} if it has gone} One that was opening may have settled.
   */
  static long remaining(long before, long now) {
    return before == now || (before < 0 && now >= 0) ? now : FREE;
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

  /**
   * What was claimed at one look.
   *
   * @param versions ascending, with repetitions, opening ones included
   * @param opening the oldest version that an opening snapshot may read at, or the greatest long
   * @param committing the oldest version of a snapshot that may commit, or the greatest long
   */
  @SuppressWarnings("ArrayRecordComponent") // handed over, never compared
  record Claims(long[] versions, long opening, long committing) {}
}
