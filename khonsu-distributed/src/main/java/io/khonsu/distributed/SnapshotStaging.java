package io.khonsu.distributed;

import io.khonsu.consensus.SnapshotId;
import io.khonsu.consensus.StagedChunk;
import io.khonsu.spi.CommittedTransaction;
import io.khonsu.spi.DamagedStorageException;
import io.khonsu.spi.KeyValueBatch;
import io.khonsu.spi.KeyValueStore;
import io.khonsu.spi.KeyValueStore.Sync;
import io.khonsu.spi.TransactionCodec;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * A snapshot that is fetched from another node, as {@link SnapshotExport} makes it. What arrives is
 * put on the disk at once, where nothing counts that no checkpoint speaks of. Event loop only.
 */
final class SnapshotStaging {
  private final KeyValueStore disk;
  private final Bases bases;
  private final AppliedCommits applied;
  private final long generation;
  private final SnapshotId id;
  private final long sizeBytes;
  private long offset;

  /** The length of what arrives, then the part itself. */
  private byte[] incoming = new byte[Integer.BYTES];

  private int filled;
  private boolean isLength = true;
  private @Nullable Checkpoint checkpoint;
  private long parts;
  private long baseVersion;
  private long baseBytes;
  private long commitBytes;
  private long lastVersion;

  /** Begins. */
  SnapshotStaging(StagedChunk first, KeyValueStore disk, Bases bases, AppliedCommits applied) {
    this.disk = disk;
    this.bases = bases;
    this.applied = applied;
    this.generation = bases.begin();
    this.id = first.snapshot();
    this.sizeBytes = first.sizeBytes();
  }

  /** {@return how many entries it stands for} */
  long index() {
    return id.index();
  }

  /** {@return the generation of its base and commits} */
  long generation() {
    return generation;
  }

  /**
   * Takes the next chunk.
   *
   * @throws DamagedStorageException if it is no part of a snapshot
   */
  void add(StagedChunk chunk) throws IOException {
    if (!chunk.snapshot().equals(id) || chunk.offset() != offset) {
      throw new IllegalStateException(
          "after %d bytes of %s comes what is at %d of %s"
              .formatted(offset, id, chunk.offset(), chunk.snapshot()));
    }
    ByteBuffer in = ByteBuffer.wrap(chunk.bytes().toArray());
    offset += in.remaining();
    KeyValueBatch batch = new KeyValueBatch();
    while (fill(in)) {
      if (isLength) {
        beginPart(in.remaining());
      } else {
        take(incoming, batch);
        expect(Integer.BYTES, true);
      }
    }
    disk.write(batch, Sync.WRITTEN);
  }

  /** {@return whether what is expected is there} */
  private boolean fill(ByteBuffer in) {
    int count = Math.min(in.remaining(), incoming.length - filled);
    in.get(incoming, filled, count);
    filled += count;
    return filled == incoming.length;
  }

  private void expect(int length, boolean isItsLength) {
    incoming = new byte[length];
    filled = 0;
    isLength = isItsLength;
  }

  private void beginPart(int remaining) throws DamagedStorageException {
    int length = ByteBuffer.wrap(incoming).getInt();
    if (length <= 0 || length > sizeBytes - offset + remaining) {
      throw new DamagedStorageException("a part of a snapshot has %d bytes".formatted(length));
    }
    expect(length, false);
  }

  private void take(byte[] part, KeyValueBatch batch) throws IOException {
    Checkpoint head = checkpoint;
    if (head == null) {
      checkpoint = Checkpoint.decode(part);
      return;
    }
    CommittedTransaction transaction = TransactionCodec.decode(part);
    if (transaction.version() <= lastVersion) {
      throw new DamagedStorageException(
          "in a snapshot version %d follows %d".formatted(transaction.version(), lastVersion));
    }
    lastVersion = transaction.version();
    if (lastVersion <= head.base().version()) {
      baseVersion = lastVersion;
      baseBytes += AppliedCommits.sizeBytes(part.length);
      bases.put(generation, parts, part, batch);
      parts++;
    } else {
      commitBytes += AppliedCommits.sizeBytes(part.length);
      applied.write(transaction.record(), generation, batch);
    }
  }

  /**
   * {@return the checkpoint, with the base as it is here}
   *
   * @throws DamagedStorageException if what was put aside is not the whole of a snapshot
   */
  Checkpoint finish(SnapshotId expected) throws DamagedStorageException {
    Checkpoint head = checkpoint;
    boolean isWhole =
        head != null
            && id.equals(expected)
            && head.appliedIndex() == expected.index()
            && offset == sizeBytes
            && isLength
            && filled == 0
            && lastVersion == head.newestVersion()
            && baseVersion == head.base().version()
            && baseBytes == head.base().sizeBytes()
            && commitBytes == head.commits().sizeBytes();
    if (head == null || !isWhole) {
      throw new DamagedStorageException(
          "of %s there are %d of %d bytes, up to version %d: %s"
              .formatted(expected, offset, sizeBytes, lastVersion, head));
    }
    return head.fetchedAs(generation);
  }
}
