package io.khonsu.backup;

import java.nio.ByteBuffer;
import java.util.UUID;
import java.util.zip.CRC32C;

/*
 * A segment, all numbers big-endian:
 *
 *   header   magic 8, format version 4, archive 16, timeline 4, shard 4, number 8, after 8,
 *            SHA-256 of the segment before 32 (zeros if there is none), CRC32C of the header 4
 *   frames   size of the payload 4, CRC32C of size, version and payload 4, version 8, payload
 *   footer   -1 as size 4, count of frames 8, least version 8, greatest version 8,
 *            SHA-256 of all before 32
 *
 * Versions ascend from frame to frame. The upper 48 bits of a version are its instant, so the
 * footer says also from when to when. Nothing in a segment depends on when or by whom it was
 * written.
 */
/** The bytes of a segment. */
final class SegmentFormat {
  static final long MAGIC = 0x4b484f4e53534547L; // "KHONSSEG"
  static final int VERSION = 1;
  static final int HEADER_BYTES = 8 + 4 + 16 + 4 + 4 + 8 + 8 + Sha256.BYTES + 4;
  static final int FRAME_HEADER_BYTES = 4 + 4 + 8;
  static final int END_OF_FRAMES = -1;

  /** Of the footer, without the size that stands for the end of the frames. */
  static final int FOOTER_BYTES = 8 + 8 + 8;

  private SegmentFormat() {}

  /**
   * What a segment begins with.
   *
   * @param archive the id of the archive
   * @param timeline that it is of
   * @param shard that it is of, 0 as long as there is one
   * @param number of the segment in its timeline
   * @param after the version before the first in it
   * @param previous the hash of the segment before it
   */
  record Header(UUID archive, int timeline, int shard, long number, long after, Sha256 previous) {
    byte[] bytes() {
      ByteBuffer buffer = ByteBuffer.allocate(HEADER_BYTES);
      buffer.putLong(MAGIC).putInt(VERSION);
      buffer.putLong(archive.getMostSignificantBits()).putLong(archive.getLeastSignificantBits());
      buffer.putInt(timeline).putInt(shard).putLong(number).putLong(after);
      buffer.put(previous.bytes());
      return buffer.putInt(crc(buffer.array(), HEADER_BYTES - 4)).array();
    }

    static Header of(String object, byte[] bytes) throws BackupException {
      ByteBuffer buffer = ByteBuffer.wrap(bytes);
      if (bytes.length < HEADER_BYTES) {
        throw new DamagedArchiveException(object, "it ends within its header");
      }
      if (buffer.getLong() != MAGIC) {
        throw new DamagedArchiveException(object, "it does not begin as a segment does");
      }
      int version = buffer.getInt();
      int crc = buffer.getInt(HEADER_BYTES - 4);
      if (version != VERSION && version > 0) {
        throw new UnknownFormatException(object, "segment", version, VERSION);
      }
      if (crc != crc(bytes, HEADER_BYTES - 4)) {
        throw new DamagedArchiveException(object, "the checksum of its header is wrong");
      }
      UUID archive = new UUID(buffer.getLong(), buffer.getLong());
      int timeline = buffer.getInt();
      int shard = buffer.getInt();
      long number = buffer.getLong();
      long after = buffer.getLong();
      byte[] previous = new byte[Sha256.BYTES];
      buffer.get(previous);
      return new Header(archive, timeline, shard, number, after, Sha256.of(previous));
    }
  }

  private static int crc(byte[] bytes, int length) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, 0, length);
    return (int) crc.getValue();
  }

  /** {@return the checksum of a frame} */
  static int crc(long version, ByteBuffer payload) {
    CRC32C crc = new CRC32C();
    crc.update(ByteBuffer.allocate(12).putInt(payload.remaining()).putLong(version).flip());
    crc.update(payload.duplicate());
    return (int) crc.getValue();
  }
}
