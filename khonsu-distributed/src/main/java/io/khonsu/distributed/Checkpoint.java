package io.khonsu.distributed;

import io.khonsu.spi.DamagedStorageException;
import io.khonsu.spi.StorageRefusedException;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * The replicated state after some entries, but for the rows: these are what a {@link Base} and the
 * {@link Commits} after it, up to {@code newestVersion}, add up to.
 *
 * @param appliedIndex after how many entries
 * @param clock the newest version given to anything
 * @param hash the digest of all that was applied
 * @param watermark the oldest version that a request may have read at
 * @param newestVersion the version of the newest commit
 * @param lastTableId the number of the table last created
 * @param firstVersion the version of the first commit that there ever was, or 0
 * @param commits those after the base
 * @param base what the commits that are not kept have come to
 * @param members who is in the cluster, as {@link ClusterMembers#encode} makes it; empty as long as
 *     that was never changed
 * @param sessions who commits, as {@link Sessions#encode} makes it
 */
@SuppressWarnings({"ArrayRecordComponent", "RecordComponentNumber"}) // handed over, never compared
record Checkpoint(
    long appliedIndex,
    long clock,
    long hash,
    long watermark,
    long newestVersion,
    int lastTableId,
    long firstVersion,
    Commits commits,
    Base base,
    byte[] members,
    byte[] sessions) {
  /** Whatever else a format has, it begins with its version and ends with the checksum. */
  private static final byte FORMAT_VERSION = 4;

  private static final int HEADER_BYTES = 1 + 12 * Long.BYTES + 2 * Integer.BYTES;

  /**
   * The tables and items as of a version, in parts: the transactions of a {@code StateScan}, of
   * which there are none if all tables were dropped.
   *
   * @param generation which one of this node's it is
   * @param version as of which commit
   * @param sizeBytes what it takes in a snapshot, the lengths of its parts included
   */
  record Base(long generation, long version, long sizeBytes) {
    /** That of a node which keeps all commits. */
    static final Base NONE = new Base(0, 0, 0);

    /** {@return whether there were no tables then, so that it has no parts} */
    boolean isOfNothing() {
      return version > 0 && sizeBytes == 0;
    }
  }

  /**
   * The commits that are kept.
   *
   * @param generation of the snapshot that this node fetched last, which has brought the first of
   *     them; 0 if it has fetched none
   * @param sizeBytes what they take in a snapshot, their lengths included
   * @param entryBytes about what the entries of the log take that are kept for them
   */
  record Commits(long generation, long sizeBytes, long entryBytes) {}

  /** {@return the same, as another node has base and commits, who fetches both} */
  Checkpoint fetchedAs(long generation) {
    return new Checkpoint(
        appliedIndex,
        clock,
        hash,
        watermark,
        newestVersion,
        lastTableId,
        firstVersion,
        new Commits(generation, commits.sizeBytes, 0),
        new Base(generation, base.version, base.sizeBytes),
        members,
        sessions);
  }

  byte[] encode() {
    int length = HEADER_BYTES + members.length + sessions.length;
    ByteBuffer out = ByteBuffer.allocate(length + Integer.BYTES);
    out.put(FORMAT_VERSION).putLong(appliedIndex).putLong(clock).putLong(hash);
    out.putLong(watermark).putLong(newestVersion).putInt(lastTableId);
    out.putLong(firstVersion);
    out.putLong(commits.generation).putLong(commits.sizeBytes).putLong(commits.entryBytes);
    out.putLong(base.generation).putLong(base.version).putLong(base.sizeBytes);
    out.putInt(members.length).put(members);
    return out.put(sessions).putInt(checksum(out.array(), length)).array();
  }

  private static int checksum(byte[] bytes, int length) {
    CRC32C checksum = new CRC32C();
    checksum.update(bytes, 0, length);
    return (int) checksum.getValue();
  }

  /**
   * {@return the checkpoint of bytes}
   *
   * @throws StorageRefusedException if another version of Khonsu wrote them
   * @throws DamagedStorageException if they are not as they were written
   */
  static Checkpoint decode(byte[] bytes) throws IOException {
    ByteBuffer in = ByteBuffer.wrap(bytes);
    try {
      int length = bytes.length - Integer.BYTES;
      if (in.getInt(Math.max(length, 0)) != checksum(bytes, length)) {
        throw new DamagedStorageException("a checkpoint does not have its checksum");
      }
      byte format = in.get(0);
      if (format != FORMAT_VERSION) {
        throw new StorageRefusedException(
            StorageRefusedException.Reason.UNKNOWN_FORMAT,
            "a checkpoint has format version %d, this program knows version %d: use the version of"
                    .formatted(format, FORMAT_VERSION)
                + " Khonsu that wrote it");
      }
      in.position(1).limit(length);
      long appliedIndex = in.getLong();
      long clock = in.getLong();
      long hash = in.getLong();
      long watermark = in.getLong();
      long newestVersion = in.getLong();
      int lastTableId = in.getInt();
      long firstVersion = in.getLong();
      Commits commits = new Commits(in.getLong(), in.getLong(), in.getLong());
      Base base = new Base(in.getLong(), in.getLong(), in.getLong());
      int membersBytes = in.getInt();
      if (membersBytes < 0 || membersBytes > in.remaining()) {
        throw new DamagedStorageException(
            "a checkpoint has members of %d bytes in %d".formatted(membersBytes, in.remaining()));
      }
      byte[] members = new byte[membersBytes];
      in.get(members);
      byte[] sessions = new byte[in.remaining()];
      in.get(sessions);
      return new Checkpoint(
          appliedIndex,
          clock,
          hash,
          watermark,
          newestVersion,
          lastTableId,
          firstVersion,
          commits,
          base,
          members,
          sessions);
    } catch (BufferUnderflowException | IndexOutOfBoundsException e) {
      DamagedStorageException damage =
          new DamagedStorageException("a checkpoint of %d bytes".formatted(bytes.length));
      damage.initCause(e);
      throw damage;
    }
  }
}
