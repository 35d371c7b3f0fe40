package io.khonsu.benchmarks;

import java.util.Arrays;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.StampedLock;
import org.jspecify.annotations.Nullable;

/**
 * A map under many locks, the limit of what is measured here: strict two-phase locking by hand, for
 * transactions that know all their items beforehand. Stripes are locked in ascending order, so
 * nobody waits in a circle. Who only reads does not lock, but validates; who scans shares all.
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
    MapSession.fill(map, names);
  }

  @Override
  public Session open() {
    return new StripedSession();
  }

  @Override
  public @Nullable Long valueOf(int item) {
    return map.get(names.string(item));
  }

  private int stripeOf(int item) {
    int hash = names.string(item).hashCode();
    return (hash ^ (hash >>> 16)) & (STRIPES - 1);
  }

  /** One thread's locks. */
  private final class StripedSession extends MapSession {
    private static final int MOST_ITEMS = 16;

    /**
     * What to lock, ascending: twice the stripe, plus one to share it. So of two wishes for one
     * stripe the exclusive one comes first, and the other can be left out.
     */
    private final int[] wishes = new int[MOST_ITEMS];

    private final long[] stamps = new long[MOST_ITEMS];
    private int held;

    private StripedSession() {
      super(map, names);
    }

    @Override
    long transact(Task task) {
      if (task.shape().reading() == Shape.Reading.RANGES) {
        return scan(task);
      }
      return task.isReadOnly() ? read(task) : runLocked(task);
    }

    private long read(Task task) {
      int count = task.count();
      for (int attempt = 0; attempt < OPTIMISTIC_TRIES; attempt++) {
        boolean valid = true;
        for (int i = 0; i < count; i++) {
          wishes[i] = stripeOf(task.item(i));
          stamps[i] = stripes[wishes[i]].tryOptimisticRead();
        }
        long result = task.run(this);
        for (int i = 0; i < count; i++) {
          valid &= stripes[wishes[i]].validate(stamps[i]);
        }
        if (valid) {
          return result;
        }
        countRetries(1);
      }
      return runLocked(task);
    }

    private long runLocked(Task task) {
      for (int i = 0; i < task.count(); i++) {
        wish(i, 2 * stripeOf(task.item(i)) + (i < task.writes() ? 0 : 1));
      }
      lock(task.count());
      try {
        return task.run(this);
      } finally {
        unlock();
      }
    }

    private long scan(Task task) {
      long[] shared = new long[STRIPES];
      Arrays.setAll(shared, stripe -> stripes[stripe].readLock());
      try {
        return task.run(this);
      } finally {
        for (int stripe = 0; stripe < STRIPES; stripe++) {
          stripes[stripe].unlockRead(shared[stripe]);
        }
      }
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
