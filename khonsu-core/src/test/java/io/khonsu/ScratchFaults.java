package io.khonsu;

import com.google.errorprone.annotations.MustBeClosed;
import io.khonsu.spi.KeyValueBatch;
import io.khonsu.spi.KeyValueEngine;
import io.khonsu.spi.KeyValueStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** An engine whose stores work, except that calls of the scratch store fail as a test says. */
final class ScratchFaults implements KeyValueEngine {
  private final KeyValueEngine engine;
  private final AtomicLong calls = new AtomicLong();
  private volatile long failing = Long.MAX_VALUE;
  private volatile @Nullable IOException writeFailure;
  private volatile long writeNanos;
  private volatile Error readFailure = new Error("planned");
  private volatile String failingThread = "";
  private volatile Reads reads = Reads.RIGHT;
  private volatile @Nullable Gate gate;

  /** What becomes of reading. */
  enum Reads {
    RIGHT,
    FAILING,
    FLIPPED,
    LOST
  }

  /** Where a reader waits. */
  static final class Gate {
    final CountDownLatch reached = new CountDownLatch(1);
    final CountDownLatch open = new CountDownLatch(1);
  }

  ScratchFaults(KeyValueEngine engine) {
    this.engine = engine;
  }

  /** {@return how many calls of the scratch store there were, openings included} */
  long calls() {
    return calls.get();
  }

  /** Lets one call fail, 1 for the next. */
  void failCall(long call) {
    failing = calls.get() + call;
  }

  /** Lets all writes fail, or with null none. */
  void failWrites(@Nullable IOException failure) {
    writeFailure = failure;
  }

  void reads(Reads how) {
    reads = how;
  }

  /** Lets one read of a thread of a name fail. */
  void failReadOf(String name, Error failure) {
    readFailure = failure;
    failingThread = name;
  }

  /** {@return whether it has} */
  boolean hasFailedRead() {
    return failingThread.isEmpty();
  }

  /** Lets each write take ten milliseconds. */
  void slowWrites() {
    writeNanos = 10_000_000;
  }

  /** Holds up the next who reads. */
  Gate holdUp() {
    Gate made = new Gate();
    gate = made;
    return made;
  }

  @Override
  public String name() {
    return engine.name();
  }

  @Override
  public KeyValueStore open(Path directory, Options options) throws IOException {
    if (!String.valueOf(directory.getFileName()).startsWith("scratch-")) {
      return engine.open(directory, options);
    }
    begin();
    return new Scratch(engine.open(directory, options));
  }

  private void begin() throws IOException {
    long call = calls.incrementAndGet();
    if (call == failing) {
      throw new IOException("planned failure of call " + call);
    }
  }

  private final class Scratch implements KeyValueStore {
    private final KeyValueStore store;

    Scratch(KeyValueStore store) {
      this.store = store;
    }

    @Override
    public byte @Nullable [] get(String space, byte[] key) throws IOException {
      begin();
      if (failingThread.equals(Thread.currentThread().getName())) {
        failingThread = "";
        throw readFailure;
      }
      Gate held = gate;
      if (held != null) {
        gate = null;
        held.reached.countDown();
        await(held.open);
      }
      byte[] value = store.get(space, key);
      return switch (reads) {
        case RIGHT -> value;
        case FAILING -> throw new IOException("planned failure of a read");
        case LOST -> null;
        case FLIPPED -> {
          if (value != null) {
            value[value.length / 2] ^= 1;
          }
          yield value;
        }
      };
    }

    private static void await(CountDownLatch latch) throws IOException {
      try {
        latch.await();
      } catch (InterruptedException e) {
        throw new IOException(e);
      }
    }

    @Override
    public byte @Nullable [] lastKey(String space) throws IOException {
      return store.lastKey(space);
    }

    @Override
    @MustBeClosed
    public Cursor cursor(String space, byte[] from, byte @Nullable [] to) throws IOException {
      return store.cursor(space, from, to);
    }

    @Override
    public void write(KeyValueBatch batch, Sync sync) throws IOException {
      begin();
      IOException failure = writeFailure;
      if (failure != null) {
        throw failure;
      }
      if (writeNanos > 0) {
        LockSupport.parkNanos(writeNanos);
      }
      store.write(batch, sync);
    }

    @Override
    public void flush() throws IOException {
      store.flush();
    }

    @Override
    public void reclaim(String space, byte[] from, byte[] to) throws IOException {
      store.reclaim(space, from, to);
    }

    @Override
    public void checkpoint(Path directory) throws IOException {
      store.checkpoint(directory);
    }

    @Override
    public long sizeBytes() throws IOException {
      return store.sizeBytes();
    }

    @Override
    public void close() throws IOException {
      begin();
      store.close();
    }
  }
}
