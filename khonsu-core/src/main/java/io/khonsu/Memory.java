package io.khonsu;

import org.apache.arrow.memory.AllocationListener;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.jspecify.annotations.Nullable;

/** The memory outside the heap of one store: one limit, a part for versions and one for reads. */
final class Memory implements AutoCloseable {
  private final @Nullable BufferAllocator ownRoot;
  private final BufferAllocator store;
  private final BufferAllocator versions;
  private final BufferAllocator reads;
  private volatile boolean closing;
  private boolean released;

  /** Takes memory from {@code parent}, which is borrowed, or if null from a root of its own. */
  Memory(long limitBytes, @Nullable BufferAllocator parent) {
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
    this.reads = store.newChildAllocator("reads", 0, limitBytes);
  }

  /** To whole cache lines; Arrow's default doubles what just exceeds a power of two. */
  private static long rounded(long sizeBytes) {
    return (sizeBytes + 63) & -64;
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
