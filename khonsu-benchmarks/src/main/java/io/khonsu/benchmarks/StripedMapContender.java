package io.khonsu.benchmarks;

import java.util.Arrays;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.StampedLock;

/**
 * A map under many locks, the limit of what is measured here: strict two-phase locking by hand, for
 * transactions that know all their items beforehand. Stripes are locked in ascending order, so
 * nobody waits in a circle. Who only reads does not lock, but validates.
 */
final class StripedMapContender implements Contender {
  private static final int STRIPES = 4096;
  private static final int OPTIMISTIC_TRIES = 4;

  private final ConcurrentHashMap<String, Long> map = new ConcurrentHashMap<>();
  private final StampedLock[] stripes = new StampedLock[STRIPES];
  private final KeyNames names;

  StripedMapContender(KeyNames names) {
    this.names = names;
    Arrays.setAll(stripes, _ -> new StampedLock());
    for (int i = 0; i < names.count(); i++) {
      map.put(KeyNames.fresh(i), (long) i);
    }
  }

  @Override
  public Session open() {
    return new StripedSession();
  }

  @Override
  public long valueOf(int item) {
    return Contender.required(map.get(names.string(item)));
  }

  private int stripeOf(int item) {
    int hash = names.string(item).hashCode();
    return (hash ^ (hash >>> 16)) & (STRIPES - 1);
  }

  /** One thread's locks. */
  private final class StripedSession implements Session {
    private static final int MOST_ITEMS = 16;

    /**
     * What to lock, ascending: twice the stripe, plus one to share it. So of two wishes for one
     * stripe the exclusive one comes first, and the other can be left out.
     */
    private final int[] wishes = new int[MOST_ITEMS];

    private final long[] stamps = new long[MOST_ITEMS];
    private int held;
    private long retries;

    @Override
    public void readWrite(int read1, int read2, int write1, int write2) {
      wish(0, 2 * stripeOf(write1));
      wish(1, 2 * stripeOf(write2));
      wish(2, 2 * stripeOf(read1) + 1);
      wish(3, 2 * stripeOf(read2) + 1);
      lock(4);
      try {
        Long value = valueOf(read1) + valueOf(read2) + 1;
        map.put(names.string(write1), value);
        map.put(names.string(write2), value);
      } finally {
        unlock();
      }
    }

    @Override
    public long readSum(int[] items, int from, int count) {
      for (int attempt = 0; attempt < OPTIMISTIC_TRIES; attempt++) {
        boolean valid = true;
        for (int i = 0; i < count; i++) {
          wishes[i] = stripeOf(items[from + i]);
          stamps[i] = stripes[wishes[i]].tryOptimisticRead();
        }
        long sum = sum(items, from, count);
        for (int i = 0; i < count; i++) {
          valid &= stripes[wishes[i]].validate(stamps[i]);
        }
        if (valid) {
          return sum;
        }
        retries++;
      }
      return lockedSum(items, from, count);
    }

    private long lockedSum(int[] items, int from, int count) {
      for (int i = 0; i < count; i++) {
        wish(i, 2 * stripeOf(items[from + i]) + 1);
      }
      lock(count);
      try {
        return sum(items, from, count);
      } finally {
        unlock();
      }
    }

    private long sum(int[] items, int from, int count) {
      long sum = 0;
      for (int i = from; i < from + count; i++) {
        sum += valueOf(items[i]);
      }
      return sum;
    }

    @Override
    public void increment(int item) {
      StampedLock lock = stripes[stripeOf(item)];
      long stamp = lock.writeLock();
      try {
        map.put(names.string(item), valueOf(item) + 1);
      } finally {
        lock.unlockWrite(stamp);
      }
    }

    @Override
    public void writePair(int item1, int item2, long value) {
      Long boxed = value;
      wish(0, 2 * stripeOf(item1));
      wish(1, 2 * stripeOf(item2));
      lock(2);
      try {
        map.put(names.string(item1), boxed);
        map.put(names.string(item2), boxed);
      } finally {
        unlock();
      }
    }

    @Override
    public long retries() {
      return retries;
    }

    /** Sorts a wish in among the first {@code count}. */
    private void wish(int count, int wish) {
      int at = count;
      while (at > 0 && wishes[at - 1] > wish) {
        wishes[at] = wishes[at - 1];
        at--;
      }
      wishes[at] = wish;
    }

    private void lock(int count) {
      held = 0;
      for (int i = 0; i < count; i++) {
        int wish = wishes[i];
        if (held > 0 && wishes[held - 1] / 2 == wish / 2) {
          continue;
        }
        StampedLock lock = stripes[wish / 2];
        stamps[held] = wish % 2 == 0 ? lock.writeLock() : lock.readLock();
        wishes[held++] = wish;
      }
    }

    private void unlock() {
      while (held > 0) {
        held--;
        int wish = wishes[held];
        StampedLock lock = stripes[wish / 2];
        if (wish % 2 == 0) {
          lock.unlockWrite(stamps[held]);
        } else {
          lock.unlockRead(stamps[held]);
        }
      }
    }
  }
}
