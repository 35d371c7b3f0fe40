package io.khonsu.distributed;

import io.khonsu.consensus.Bytes;
import io.khonsu.consensus.SnapshotId;
import io.khonsu.consensus.SnapshotRead;
import io.khonsu.spi.DamagedStorageException;
import io.khonsu.spi.KeyValueStore;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * A snapshot that another node fetches, from its begin to its end: the checkpoint, the parts of its
 * base, and the commits after it, each with its length before it in 4 bytes. It stays what it was
 * when it was begun. Event loop only; close it.
 */
final class SnapshotExport implements AutoCloseable {
  private final SnapshotId id;
  private final long sizeBytes;
  private final KeyValueStore.Cursor base;
  private final CommitCursor commits;

  /** What is sent next, and from where on. */
  private ByteBuffer part;

  private long offset;

  /** What was sent last: it may be asked for again. */
  private long sentOffset = -1;

  private Bytes sent = Bytes.EMPTY;

  /** How many checkpoints were taken since something was asked for. */
  private int idleCheckpoints;

  private long entryBytes;

  /**
   * Begins.
   *
   * @param firstEntry the entry that the first commit after the base is in, or an earlier one
   */
  @SuppressWarnings("MustBeClosedChecker") // closed with this
  SnapshotExport(Checkpoint checkpoint, Bases bases, AppliedCommits applied, long firstEntry)
      throws IOException {
    byte[] head = checkpoint.encode();
    this.id = SnapshotId.complete(checkpoint.appliedIndex());
    this.sizeBytes =
        AppliedCommits.sizeBytes(head.length)
            + checkpoint.base().sizeBytes()
            + checkpoint.commits().sizeBytes();
    this.part = framed(head);
    this.base = bases.cursor(checkpoint.base());
    this.commits = applied.cursor(checkpoint.base().version(), checkpoint.newestVersion());
    commits.keepEntries(firstEntry);
  }

  /** {@return how many entries it stands for} */
  long index() {
    return id.index();
  }

  long sizeBytes() {
    return sizeBytes;
  }

  /**
   * {@return what the entries take that were applied between the checkpoints since it was begun}
   */
  long entryBytes() {
    return entryBytes;
  }

  /**
   * Notes that a checkpoint was taken; {@return how many were since it was read last}
   *
   * @param isEnough whether there were many entries before it: who has read all needs those only
   */
  int checkpointTaken(long newEntryBytes, boolean isEnough) {
    entryBytes += newEntryBytes;
    idleCheckpoints += isEnough || !isRead() ? 1 : 0;
    return idleCheckpoints;
  }

  /** {@return whether all of it was read} */
  private boolean isRead() {
    return offset == sizeBytes;
  }

  /** {@return whether a part is the next one, or the last one again} */
  boolean canRead(SnapshotRead part) {
    boolean isNext = part.offset() == offset && !isRead();
    return id.equals(part.snapshot()) && (isNext || part.offset() == sentOffset);
  }

  /** {@return a part for which that is so} */
  Bytes read(SnapshotRead read) throws IOException {
    idleCheckpoints = 0;
    if (read.offset() == sentOffset) {
      return sent;
    }
    int maxBytes = read.maxBytes();
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    while (out.size() < maxBytes && (part.hasRemaining() || nextPart())) {
      byte[] next = new byte[Math.min(part.remaining(), maxBytes - out.size())];
      part.get(next);
      out.writeBytes(next);
    }
    sent = Bytes.copyOf(out.toByteArray());
    sentOffset = offset;
    offset += sent.size();
    boolean isAtEnd = sent.size() < maxBytes;
    if (isRead()) {
      close(); // what was sent last is all that can be asked for
    }
    if (offset > sizeBytes || (isAtEnd && offset < sizeBytes)) {
      throw new DamagedStorageException(
          "a snapshot ends at %d of %d bytes".formatted(offset, sizeBytes));
    }
    return sent;
  }

  private boolean nextPart() throws IOException {
    if (base.next()) {
      part = framed(base.value());
    } else if (commits.next()) {
      part = framed(commits.record().bytes());
    } else {
      return false;
    }
    return true;
  }

  private static ByteBuffer framed(byte[] bytes) {
    ByteBuffer framed = ByteBuffer.allocate(Integer.BYTES + bytes.length);
    return framed.putInt(bytes.length).put(bytes).flip();
  }

  @Override
  public void close() {
    base.close();
    commits.close();
  }
}
