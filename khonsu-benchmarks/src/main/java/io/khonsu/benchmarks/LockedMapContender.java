package io.khonsu.benchmarks;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.jspecify.annotations.Nullable;

/** A map under one lock: shared to read, exclusive to write. */
final class LockedMapContender implements Contender {
  private final ConcurrentHashMap<String, Long> map = new ConcurrentHashMap<>();
  private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
  private final KeyNames names;

  LockedMapContender(KeyNames names) {
    this.names = names;
    MapSession.fill(map, names);
  }

  @Override
  public Session open() {
    return new LockedSession();
  }

  @Override
  public @Nullable Long valueOf(int item) {
    return map.get(names.string(item));
  }

  /** Locks never make anyone try again. */
  private final class LockedSession extends MapSession {
    private LockedSession() {
      super(map, names);
    }

    @Override
    long transact(Task task) {
      Lock needed = task.isReadOnly() ? lock.readLock() : lock.writeLock();
      needed.lock();
      try {
        return task.run(this);
      } finally {
        needed.unlock();
      }
    }
  }
}
