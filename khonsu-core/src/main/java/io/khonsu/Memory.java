package io.khonsu;

import io.khonsu.durable.Scratch;
import io.khonsu.internal.arrow.FrozenBatch;
import org.apache.arrow.memory.AllocationListener;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.OutOfMemoryException;
import org.apache.arrow.memory.RootAllocator;
import org.jspecify.annotations.Nullable;

/**
 * The memory outside the heap of one store: one limit, a part for versions and one for reads. A
 * replica keeps a reserve for versions, which reads must leave.
 */
final class Memory implements AutoCloseable {
  /** Batches that come back take this part of the heap at most. */
  private static final int HEAP_SHARE = 4;

  /** The reserve of a replica is at least one part in so many of all. */
  private static final int RESERVE_SHARE_MIN = 8;

  /** And at most one part in so many. */
  private static final int RESERVE_SHARE_MAX = 4;

  /** Reads leave one part in so many of it: who is to delete something must be able to find it. */
  private static final int READS_SHARE = 2;

  private final @Nullable BufferAllocator ownRoot;
  private final BufferAllocator store;
  private final BufferAllocator versions;
  private final BufferAllocator reads;
  private final long limitBytes;
  private long reserveBytes;
  private @Nullable Spiller spiller;
  private volatile boolean closing;
  private boolean released;

  /**
   * Takes memory from {@code parent}, which is borrowed, or if null from a root of its own.
   *
   * @throws IllegalStateException if this JVM does not let Arrow use memory
   */
  Memory(long limitBytes, @Nullable BufferAllocator parent) {
    checkJvm();
    this.ownRoot =
        parent == null
            ? new RootAllocator(AllocationListener.NOOP, limitBytes, Memory::rounded)
            : null;
    BufferAllocator origin = parent == null ? ownRoot : parent;
    if (origin == null) {
      throw new AssertionError("broken invariant: there is a root");
    }
    this.store = origin.newChildAllocator("khonsu", 0, limitBytes);
    this.versions = store.newChildAllocator("versions", 0, limitBytes);
    this.reads = store.newChildAllocator("reads", new KeepsReserve(), 0, limitBytes);
    this.limitBytes = limitBytes;
  }

  /** Refuses memory that is kept for versions. */
  private final class KeepsReserve implements AllocationListener {
    @Override
    public void onPreAllocation(long sizeBytes) {
      if (reserveBytes > 0 && headroomBytes() - sizeBytes < reserveBytes / READS_SHARE) {
        throw new OutOfMemoryException(whatToDo());
      }
    }
  }

  /**
   * Keeps a reserve for what is in order already, on other nodes too, and must be applied: an
   * eighth of all, or as much as the largest batch takes, but no more than a quarter. Before the
   * store is used.
   */
  void keepReserve(long batchBytesMax) {
    reserveBytes =
        Math.clamp(batchBytesMax, limitBytes / RESERVE_SHARE_MIN, limitBytes / RESERVE_SHARE_MAX);
  }

  /** {@return how much is kept for versions} */
  long reserveBytes() {
    return reserveBytes;
  }

  /** {@return that memory is used up, and what its owner can do about that} */
  String whatToDo() {
    return ("memory is used up: %d bytes are taken, and of %d (memoryLimitBytes) %d are kept for"
            + " what is on its way: delete something and wait until its history is let go, end"
            + " snapshots and transactions, or raise memoryLimitBytes, on a node"
            + " store.memoryLimitBytes")
        .formatted(usedBytes(), limitBytes, reserveBytes);
  }

  /**
   * Without this, Arrow fails later, wherever it first needs memory, and does not say why twice.
   */
  private static void checkJvm() {
    Module arrow = BufferAllocator.class.getModule();
    if (!Object.class.getModule().isOpen("java.nio", arrow)) {
      throw new IllegalStateException(
          "Arrow cannot use memory: start java with --add-opens=java.base/java.nio="
              + (arrow.isNamed() ? arrow.getName() : "ALL-UNNAMED"));
    }
  }

  /** To whole cache lines; Arrow's default doubles what just exceeds a power of two. */
  private static long rounded(long sizeBytes) {
    return (sizeBytes + 63) & -64;
  }

  /** Lets committed batches leave memory. Before there are any. */
  void spillTo(Scratch scratch, OpenViews views, long budgetBytes) {
    long heapBytesMax = Math.min(budgetBytes, Runtime.getRuntime().maxMemory() / HEAP_SHARE);
    spiller = new Spiller(scratch, views, versions, budgetBytes, heapBytesMax);
  }

  /** {@return a batch that so many versions will point into, taken over} */
  StoredBatch store(FrozenBatch batch, int versionCount) {
    return StoredBatch.consume(batch, versionCount, spiller);
  }

  /** {@return how large a committed batch should be at most, where that can be chosen} */
  long batchBytesMax() {
    return spiller == null ? Long.MAX_VALUE : spiller.batchBytesMax();
  }

  /** Makes room for a batch, if others can leave memory. Not inside a view. */
  void makeRoom(long sizeBytes) {
    makeRoom(sizeBytes, () -> {});
  }

  /**
   * Makes room for a batch, if others can leave memory.
   *
   * @param leaving done before each look: tells that the caller, inside a view, uses no batch
   */
  void makeRoom(long sizeBytes, Runnable leaving) {
    if (spiller != null) {
      spiller.makeRoom(sizeBytes, leaving);
    }
  }

  /** As {@link #makeRoom(long, Runnable)}, but without waiting; {@return whether there is room} */
  boolean makeRoomNow(long sizeBytes, Runnable leaving) {
    return spiller == null || spiller.makeRoomNow(sizeBytes, leaving);
  }

  /** {@return whether there is something to {@link #tend}} */
  boolean needsTending() {
    return spiller != null;
  }

  /** Does what is due from time to time. */
  void tend() {
    if (spiller != null) {
      spiller.tend();
    }
  }

  /** Nothing leaves memory any more, and nothing comes back. */
  void endSpilling() {
    if (spiller != null) {
      spiller.close();
    }
  }

  StoreStatistics.Spilling spilling() {
    return spiller == null ? StoreStatistics.Spilling.NONE : spiller.statistics();
  }

  BufferAllocator versions() {
    return versions;
  }

  BufferAllocator reads() {
    return reads;
  }

  /** {@return how much may still be taken} */
  long headroomBytes() {
    return store.getHeadroom();
  }

  long usedBytes() {
    return store.getAllocatedMemory();
  }

  /**
   * Gives everything back.
   *
   * @throws IllegalStateException if someone still holds retained batches; they stay readable, and
   *     the memory goes back when they are closed
   */
  @Override
  public void close() {
    closing = true;
    if (!tryRelease()) {
      throw new IllegalStateException(
          "%d bytes of retained batches were not closed".formatted(reads.getAllocatedMemory()));
    }
  }

  /** Notes that a batch has gone: when the store is closed, the last one takes all with it. */
  void batchReleased() {
    if (closing) {
      var _ = tryRelease();
    }
  }

  private synchronized boolean tryRelease() {
    if (released) {
      return true;
    }
    if (reads.getAllocatedMemory() > 0) {
      return false;
    }
    released = true;
    reads.close();
    versions.close();
    store.close();
    if (ownRoot != null) {
      ownRoot.close();
    }
    return true;
  }
}
