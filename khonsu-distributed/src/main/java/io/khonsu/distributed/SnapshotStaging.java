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
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A snapshot that is fetched from another node, as {@link SnapshotExport} makes it. What arrives is
 * put on the disk at once, where nothing counts that no checkpoint speaks of. Event loop only.
 */
final class SnapshotStaging {
  /** Room for a part that begins; it grows with what arrives. */
  private static final int ROOM_BYTES = 64 << 10;

  private final KeyValueStore disk;
  private final Bases bases;
  private final AppliedCommits applied;
  private final Check check;
  private final long generation;
  private final SnapshotId id;
  private final long sizeBytes;
  private long offset;

  /** The length of what arrives, then the part itself, as far as it is there. */
  private byte[] incoming = new byte[Integer.BYTES];

  private int partBytes = Integer.BYTES;
  private int filled;
  private boolean isLength = true;
  private @Nullable Checkpoint checkpoint;
  private long parts;
  private long baseVersion;
  private long baseBytes;
  private long commitBytes;
  private long lastVersion;

  /** Looks at what arrives, in its order; what it throws is why that is no snapshot. */
  interface Check {
    /** The checkpoint. */
    void begin(Checkpoint head) throws DamagedStorageException;

    /** A part of the base. */
    void part(CommittedTransaction part) throws DamagedStorageException;

    /** A commit after the base. */
    void commit(CommittedTransaction commit) throws DamagedStorageException;
  }

  /** Begins. */
  SnapshotStaging(
      StagedChunk first, KeyValueStore disk, Bases bases, AppliedCommits applied, Check check) {
    this.check = check;
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
   * @throws BadSnapshotException if it is no part of a snapshot: what was put aside must go
   * @throws IOException if the disk here fails
   */
  void add(StagedChunk chunk) throws IOException, BadSnapshotException {
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
    int count = Math.min(in.remaining(), partBytes - filled);
    if (filled + count > incoming.length) { // no more than what is there, whatever was said of it
      incoming = Arrays.copyOf(incoming, (int) Math.min(partBytes, 2L * (filled + count)));
    }
    in.get(incoming, filled, count);
    filled += count;
    return filled == partBytes;
  }

  private void expect(int length, boolean isItsLength) {
    incoming = new byte[Math.min(length, ROOM_BYTES)];
    partBytes = length;
    filled = 0;
    isLength = isItsLength;
  }

  private void beginPart(int remaining) throws BadSnapshotException {
    int length = ByteBuffer.wrap(incoming).getInt();
    if (length <= 0 || length > sizeBytes - offset + remaining) {
      throw new BadSnapshotException("a part of a snapshot has %d bytes".formatted(length));
    }
    expect(length, false);
  }

  private void take(byte[] part, KeyValueBatch batch) throws BadSnapshotException {
    Checkpoint head = checkpoint;
    try {
      if (head == null) {
        begin(Checkpoint.decode(part));
      } else {
        take(TransactionCodec.decode(part), part, head.base().version(), batch);
      }
    } catch (IOException | RuntimeException e) {
      throw new BadSnapshotException(e); // these bytes are not from a disk of this node
    }
  }

  private void begin(Checkpoint head) throws DamagedStorageException {
    check.begin(head);
    checkpoint = head;
    if (head.base().isOfNothing()) {
      baseVersion = head.base().version(); // no part has it
      lastVersion = baseVersion;
    }
  }

  private void take(
      CommittedTransaction transaction, byte[] part, long lastOfBase, KeyValueBatch batch)
      throws DamagedStorageException {
    if (transaction.version() <= lastVersion) {
      throw new DamagedStorageException(
          "in a snapshot version %d follows %d".formatted(transaction.version(), lastVersion));
    }
    lastVersion = transaction.version();
    if (lastVersion <= lastOfBase) {
      check.part(transaction);
      baseVersion = lastVersion;
      baseBytes += AppliedCommits.sizeBytes(part.length);
      bases.put(generation, parts, part, batch);
      parts++;
    } else {
      check.commit(transaction);
      commitBytes += AppliedCommits.sizeBytes(part.length);
      applied.write(transaction.record(), generation, batch);
    }
  }

  /**
   * {@return the checkpoint, with the base as it is here}
   *
   * @throws BadSnapshotException if what was put aside is not the whole of a snapshot
   */
  Checkpoint finish(SnapshotId expected) throws BadSnapshotException {
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
      throw new BadSnapshotException(
          "of %s there are %d of %d bytes, up to version %d: %s"
              .formatted(expected, offset, sizeBytes, lastVersion, head));
    }
    return head.fetchedAs(generation);
  }
}
