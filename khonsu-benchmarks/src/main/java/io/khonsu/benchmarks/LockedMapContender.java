package io.khonsu.benchmarks;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/** A map under one lock: shared to read, exclusive to write. */
final class LockedMapContender implements Contender {
  private final ConcurrentHashMap<String, Long> map = new ConcurrentHashMap<>();
  private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
  private final KeyNames names;

  LockedMapContender(KeyNames names) {
    this.names = names;
    for (int i = 0; i < names.count(); i++) {
      map.put(KeyNames.fresh(i), (long) i);
    }
  }

  @Override
  public Session open() {
    return new LockedSession();
  }

  @Override
  public long valueOf(int item) {
    return Contender.required(map.get(names.string(item)));
  }

  /** Stateless: locks never make anyone try again. */
  private final class LockedSession implements Session {
    private final Lock shared = lock.readLock();
    private final Lock exclusive = lock.writeLock();

    @Override
    public void readWrite(int read1, int read2, int write1, int write2) {
      exclusive.lock();
      try {
        Long value = valueOf(read1) + valueOf(read2) + 1;
        map.put(names.string(write1), value);
        map.put(names.string(write2), value);
      } finally {
        exclusive.unlock();
      }
    }

    @Override
    public long readSum(int[] items, int from, int count) {
      shared.lock();
      try {
        long sum = 0;
        for (int i = from; i < from + count; i++) {
          sum += valueOf(items[i]);
        }
        return sum;
      } finally {
        shared.unlock();
      }
    }

    @Override
    public void increment(int item) {
      exclusive.lock();
      try {
        map.put(names.string(item), valueOf(item) + 1);
      } finally {
        exclusive.unlock();
      }
    }

    @Override
    public void writePair(int item1, int item2, long value) {
      Long boxed = value;
      exclusive.lock();
      try {
        map.put(names.string(item1), boxed);
        map.put(names.string(item2), boxed);
      } finally {
        exclusive.unlock();
      }
    }

    @Override
    public long retries() {
      return 0;
    }
  }
}
