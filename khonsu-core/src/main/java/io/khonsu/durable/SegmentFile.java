package io.khonsu.durable;

import io.khonsu.spi.DamagedStorageException;
import io.khonsu.spi.LogRecord;
import io.khonsu.spi.StorageRefusedException;
import io.khonsu.spi.StorageRefusedException.Reason;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * What a segment of a {@link SegmentLog} looks like, format 1; numbers are big-endian.
 *
 * <p>A header of 64 bytes: magic in 8; format version in 4; the checksum of the record before in 4;
 * the store's id in 16; the segment's number in 8; the version of the record before in 8; 12 zeros;
 * a CRC32C of all of these in 4. Then records, each at a multiple of 8: magic in 4; the length of
 * its payload in 4; a CRC32C of what follows and of the length in 4; the checksum of the record
 * before in 4; its version in 8; the newest version that was synced when it was written in 8; the
 * payload. What follows the last record is zeros to the end of the file.
 *
 * @param number counts the segments of a log
 * @param previousVersion the version of the record before the first, or 0
 * @param chain the checksum of that record, or 0
 */
record SegmentFile(StoreId id, long number, long previousVersion, int chain) {
  static final int FORMAT_VERSION = 1;
  static final int HEADER_BYTES = 64;
  static final int RECORD_HEADER_BYTES = 32;
  static final int RECORD_MAGIC = 0x4B524543; // "KREC"
  static final int SECTOR_BYTES = 512;

  private static final long MAGIC = 0x4B484F4E534C4F47L; // "KHONSLOG"
  private static final int HEADER_CHECKSUM_AT = HEADER_BYTES - Integer.BYTES;
  private static final int LENGTH_AT = 4;
  private static final int CHECKSUM_AT = 8;
  private static final int CHAIN_AT = 12;
  private static final int VERSION_AT = 16;
  private static final int SYNCED_AT = 24;

  /** A record as it was read. */
  record Found(LogRecord record, long syncedVersion, int chain, int checksum) {}

  byte[] header() {
    ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES);
    header.putLong(MAGIC).putInt(FORMAT_VERSION).putInt(chain);
    id.write(header);
    header.putLong(number).putLong(previousVersion);
    CRC32C crc = new CRC32C();
    crc.update(header.array(), 0, HEADER_CHECKSUM_AT);
    return header.putInt(HEADER_CHECKSUM_AT, (int) crc.getValue()).array();
  }

  static SegmentFile read(Path file, byte[] bytes)
      throws DamagedStorageException, StorageRefusedException {
    ByteBuffer header = ByteBuffer.wrap(bytes);
    if (bytes.length != HEADER_BYTES || header.getLong() != MAGIC) {
      throw new DamagedStorageException(file + " does not begin as a log segment");
    }
    int format = header.getInt();
    if (format != FORMAT_VERSION) {
      throw new StorageRefusedException(
          Reason.UNKNOWN_FORMAT,
          "%s has format version %d, this program knows version %d: use the version of Khonsu that"
                  .formatted(file, format, FORMAT_VERSION)
              + " wrote it");
    }
    CRC32C crc = new CRC32C();
    crc.update(bytes, 0, HEADER_CHECKSUM_AT);
    if (header.getInt(HEADER_CHECKSUM_AT) != (int) crc.getValue()) {
      throw new DamagedStorageException(file + " has a header without its checksum");
    }
    int chain = header.getInt();
    StoreId id = StoreId.read(header);
    return new SegmentFile(id, header.getLong(), header.getLong(), chain);
  }

  /** {@return the bytes that a record of so much payload takes} */
  static long recordBytes(long payloadBytes) {
    return (RECORD_HEADER_BYTES + payloadBytes + 7) & -8;
  }

  /** Writes a record that fits, and zeros up to the next; {@return its checksum}. */
  static int put(ByteBuffer target, LogRecord record, int previousChecksum, long syncedVersion) {
    int start = target.position();
    target.putInt(RECORD_MAGIC).putInt(record.bytes().length).putInt(0).putInt(previousChecksum);
    target.putLong(record.version()).putLong(syncedVersion).put(record.bytes());
    int checksum = checksum(target, start, record.bytes().length);
    target.putInt(start + CHECKSUM_AT, checksum);
    long end = start + recordBytes(record.bytes().length);
    while (target.position() < end) {
      target.put((byte) 0);
    }
    return checksum;
  }

  /** {@return the whole and intact record at a place, or null} */
  static @Nullable Found at(ByteBuffer source, int start) {
    if (!fits(source, start)) {
      return null;
    }
    int length = source.getInt(start + LENGTH_AT);
    int checksum = source.getInt(start + CHECKSUM_AT);
    if (checksum != checksum(source, start, length)) {
      return null;
    }
    long version = source.getLong(start + VERSION_AT);
    if (version <= 0) {
      return null;
    }
    byte[] payload = new byte[length];
    source.get(start + RECORD_HEADER_BYTES, payload);
    LogRecord record = new LogRecord(version, payload);
    return new Found(
        record, source.getLong(start + SYNCED_AT), source.getInt(start + CHAIN_AT), checksum);
  }

  /** {@return the bytes that a record at a place says it takes, or 0 if there is no header} */
  static long statedBytes(ByteBuffer source, int start) {
    return hasHeader(source, start)
        ? recordBytes(Math.max(0, source.getInt(start + LENGTH_AT)))
        : 0;
  }

  /**
   * {@return what the record behind the one at a place says was synced before it, or 0 if none is
   * there that follows it} Both may be damaged, or the second be torn: that a header holds the
   * checksum that the other one states is no chance.
   */
  static long syncedVersionOfNext(ByteBuffer source, int start) {
    if (!fits(source, start)) {
      return 0;
    }
    int next = start + (int) statedBytes(source, start);
    boolean follows =
        hasHeader(source, next)
            && source.getInt(next + CHAIN_AT) == source.getInt(start + CHECKSUM_AT);
    return follows ? source.getLong(next + SYNCED_AT) : 0;
  }

  /** {@return whether a record's header stands at a place, and what it says there is fits in} */
  private static boolean fits(ByteBuffer source, int start) {
    if (!hasHeader(source, start)) {
      return false;
    }
    int length = source.getInt(start + LENGTH_AT);
    return length >= 0 && length <= source.limit() - start - RECORD_HEADER_BYTES;
  }

  private static boolean hasHeader(ByteBuffer source, int start) {
    return source.limit() - start >= RECORD_HEADER_BYTES && source.getInt(start) == RECORD_MAGIC;
  }

  /**
   * {@return whether what stands where a record should may be one whose writing was interrupted:
   * the file was all zeros before, and a disk writes whole sectors}
   */
  static boolean looksTorn(ByteBuffer source, int start) {
    if (isZero(source, start, Math.min(start + Long.BYTES, source.limit()))) {
      return true;
    }
    if (!fits(source, start)) {
      return false;
    }
    int end = start + RECORD_HEADER_BYTES + source.getInt(start + LENGTH_AT);
    int from = start;
    while (from < end) {
      int to = Math.min(end, (from / SECTOR_BYTES + 1) * SECTOR_BYTES);
      if (isZero(source, from, to)) {
        return true;
      }
      from = to;
    }
    return false;
  }

  static boolean isZero(ByteBuffer source, int from, int to) {
    for (int i = from; i < to; i++) {
      if (source.get(i) != 0) {
        return false;
      }
    }
    return true;
  }

  private static int checksum(ByteBuffer source, int start, int length) {
    CRC32C crc = new CRC32C();
    crc.update(source.slice(start + LENGTH_AT, Integer.BYTES));
    crc.update(source.slice(start + CHAIN_AT, RECORD_HEADER_BYTES - CHAIN_AT + length));
    return (int) crc.getValue();
  }
}
