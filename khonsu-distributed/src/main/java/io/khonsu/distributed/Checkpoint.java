package io.khonsu.distributed;

import io.khonsu.spi.DamagedStorageException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;

/**
 * The replicated state after some entries, but for the rows: these are what the commits up to
 * {@code newestVersion} add up to.
 *
 * @param appliedIndex after how many entries
 * @param clock the newest version given to anything
 * @param hash the digest of all that was applied
 * @param watermark the oldest version that a request may have read at
 * @param newestVersion the version of the newest commit
 * @param lastTableId the number of the table last created
 * @param commitBytes how many bytes the commits take in a snapshot
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
    long commitBytes,
    byte[] members,
    byte[] sessions) {
  private static final byte FORMAT_VERSION = 2;

  private static final int HEADER_BYTES = 1 + 6 * Long.BYTES + 2 * Integer.BYTES;

  byte[] encode() {
    ByteBuffer out = ByteBuffer.allocate(HEADER_BYTES + members.length + sessions.length);
    out.put(FORMAT_VERSION).putLong(appliedIndex).putLong(clock).putLong(hash);
    out.putLong(watermark).putLong(newestVersion).putInt(lastTableId).putLong(commitBytes);
    out.putInt(members.length).put(members);
    return out.put(sessions).array();
  }

  static Checkpoint decode(byte[] bytes) throws DamagedStorageException {
    ByteBuffer in = ByteBuffer.wrap(bytes);
    try {
      byte format = in.get();
      if (format != FORMAT_VERSION) {
        throw new DamagedStorageException("a checkpoint has format version " + format);
      }
      long appliedIndex = in.getLong();
      long clock = in.getLong();
      long hash = in.getLong();
      long watermark = in.getLong();
      long newestVersion = in.getLong();
      int lastTableId = in.getInt();
      long commitBytes = in.getLong();
      byte[] members = new byte[in.getInt()];
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
          commitBytes,
          members,
          sessions);
    } catch (BufferUnderflowException | NegativeArraySizeException e) {
      DamagedStorageException damage =
          new DamagedStorageException("a checkpoint of %d bytes".formatted(bytes.length));
      damage.initCause(e);
      throw damage;
    }
  }
}
