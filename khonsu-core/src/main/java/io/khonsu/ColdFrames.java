package io.khonsu;

import io.khonsu.durable.Scratch;
import io.khonsu.internal.arrow.BatchFrame;
import io.khonsu.internal.arrow.CorruptFrameException;
import io.khonsu.internal.arrow.FrozenBatch;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The frames of large batches in a scratch space, each under a number from 1 on. Thread-safe. */
final class ColdFrames {
  private static final Logger LOG = LoggerFactory.getLogger(ColdFrames.class);

  private final Scratch scratch;
  private final AtomicLong lastId = new AtomicLong();
  private final AtomicLong writtenBytes = new AtomicLong();

  /** On disk, and not needed. Guarded by itself. */
  private final List<Long> unneeded = new ArrayList<>();

  /** Creates frames in a space that is borrowed. */
  ColdFrames(Scratch scratch) {
    this.scratch = scratch;
  }

  /** {@return under which number the frame of a batch, which is borrowed, was written} */
  long write(FrozenBatch batch) throws IOException {
    long id = lastId.incrementAndGet();
    byte[] frame = encoded(batch);
    change(removed -> scratch.put(id, frame, removed));
    writtenBytes.addAndGet(frame.length);
    return id;
  }

  private static byte[] encoded(FrozenBatch batch) throws IOException {
    try {
      return BatchFrame.encode(batch);
    } catch (OutOfMemoryError e) {
      throw new IOException(
          "the heap has no room for the frame of a batch of %d bytes: raise -Xmx"
              .formatted(batch.sizeBytes()),
          e);
    }
  }

  /**
   * {@return a batch on the heap}
   *
   * @throws StorageException if it cannot be read
   */
  FrozenBatch read(Residence at) {
    try {
      return BatchFrame.onHeap(at.schema, scratch.get(at.id));
    } catch (IOException | CorruptFrameException e) {
      throw new StorageException(
          "batch %d cannot be read back from %s: nothing is lost but what it has of the past, as log"
                  .formatted(at.id, scratch.directory())
              + " and state hold what is newest; close the store and open it again",
          e);
    }
  }

  /** Notes that a frame is not needed any more; it goes with a later write. */
  void forget(long id) {
    synchronized (unneeded) {
      unneeded.add(id);
    }
  }

  /** Removes what is not needed. */
  void tend() {
    try {
      change(scratch::remove);
    } catch (IOException e) {
      LOG.atDebug().setCause(e).log("what nobody needs stays on disk for now");
    }
  }

  long writtenBytes() {
    return writtenBytes.get();
  }

  private void change(Change change) throws IOException {
    List<Long> removed;
    synchronized (unneeded) {
      removed = List.copyOf(unneeded);
      unneeded.clear();
    }
    boolean done = false;
    try {
      change.run(removed);
      done = true;
    } finally {
      if (!done) {
        removed.forEach(this::forget);
      }
    }
  }

  /** Something done on disk, together with the removal of what is not needed. */
  @FunctionalInterface
  private interface Change {
    void run(List<Long> removed) throws IOException;
  }
}
