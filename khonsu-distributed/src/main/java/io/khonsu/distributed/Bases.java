package io.khonsu.distributed;

import com.google.errorprone.annotations.MustBeClosed;
import io.khonsu.distributed.Checkpoint.Base;
import io.khonsu.spi.KeyValueBatch;
import io.khonsu.spi.KeyValueStore;
import io.khonsu.spi.KeyValueStore.Sync;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Where the parts of a group's bases stand on a disk: of the one that counts, and of those that are
 * being written or fetched, each with a generation of its own. Not thread-safe.
 */
final class Bases {
  /** Parts, by group, generation and number. */
  static final String BASES = "base";

  private final KeyValueStore disk;
  private final long group;
  private long newestGeneration;

  Bases(KeyValueStore disk, long group) {
    this.disk = disk;
    this.group = group;
  }

  /** Drops what comes after a base: what was not finished when the node ended. */
  void dropAfter(Base base) throws IOException {
    newestGeneration = base.generation();
    byte[] from = key(base.generation() + 1, 0);
    byte[] to = key(Long.MAX_VALUE, 0);
    boolean isUnfinished;
    try (KeyValueStore.Cursor after = disk.cursor(BASES, from, to)) {
      isUnfinished = after.next();
    }
    if (isUnfinished) {
      disk.write(new KeyValueBatch().deleteRange(BASES, from, to), Sync.WRITTEN);
    }
  }

  /** Frees the disk of those before a base that a checkpoint on the medium speaks of. */
  void reclaimBefore(Base base) throws IOException {
    disk.reclaim(BASES, key(0, 0), key(base.generation(), 0));
  }

  /** {@return a generation that nothing was written of} */
  long begin() {
    return ++newestGeneration;
  }

  /** Adds a part to a write. */
  void put(long generation, long number, byte[] part, KeyValueBatch batch) {
    batch.put(BASES, key(generation, number), part);
  }

  /** Adds to a write that a base goes that never counted. */
  void drop(long generation, KeyValueBatch batch) {
    batch.deleteRange(BASES, key(generation, 0), key(generation + 1, 0));
  }

  /** {@return a cursor over the parts of a base, in order} */
  @MustBeClosed
  KeyValueStore.Cursor cursor(Base base) throws IOException {
    return disk.cursor(BASES, key(base.generation(), 0), key(base.generation() + 1, 0));
  }

  private byte[] key(long generation, long number) {
    ByteBuffer key = ByteBuffer.allocate(3 * Long.BYTES).putLong(group);
    return key.putLong(generation).putLong(number).array();
  }
}
