package io.khonsu.mvcc;

import java.util.concurrent.atomic.AtomicInteger;

/** A lifecycle that keeps books in the values themselves, and refuses entries that cannot be. */
final class RecordingLifecycle implements ValueLifecycle<RecordingLifecycle.Tracked> {
  /** What {@link #superseded} does. */
  interface Trap {
    void superseded(Tracked value);
  }

  volatile Trap trap = _ -> {};

  /** What {@link #sizeBytes} does. */
  volatile Runnable weighing = () -> {};

  final AtomicInteger discarded = new AtomicInteger();
  final AtomicInteger retired = new AtomicInteger();

  @Override
  public void superseded(Tracked value, int index) {
    trap.superseded(value);
    int now = value.superseded.incrementAndGet();
    Invariants.check(now == 1, "superseded once");
  }

  @Override
  public void reinstated(Tracked value, int index) {
    int now = value.superseded.decrementAndGet();
    Invariants.check(now == 0, "reinstated after superseded");
  }

  @Override
  public boolean isIntact(Tracked value, int firstIndex, int count) {
    return value.superseded.get() == 0;
  }

  @Override
  public void retired(Tracked value, int index) {
    int now = value.retired.incrementAndGet();
    Invariants.check(now == 1, "retired once");
    retired.incrementAndGet();
  }

  @Override
  public long sizeBytes(Tracked value, int index) {
    weighing.run();
    return 0;
  }

  @Override
  public void discarded(Tracked value) {
    int now = value.retired.incrementAndGet();
    Invariants.check(now == 1, "discarded once, and not retired");
    discarded.incrementAndGet();
  }

  /** A value of one version. */
  static final class Tracked {
    final long content;
    final AtomicInteger superseded = new AtomicInteger();
    final AtomicInteger retired = new AtomicInteger();

    Tracked(long content) {
      this.content = content;
    }

    boolean isRetired() {
      return retired.get() > 0;
    }

    boolean isSuperseded() {
      return superseded.get() > 0;
    }

    @Override
    public String toString() {
      return content + (isSuperseded() ? " superseded" : "") + (isRetired() ? " retired" : "");
    }
  }
}
