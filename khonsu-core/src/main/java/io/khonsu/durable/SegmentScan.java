package io.khonsu.durable;

import io.khonsu.spi.DamagedStorageException;
import io.khonsu.spi.LogRecord;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Reads the records of a segment, following the chain of their checksums. */
final class SegmentScan {
  private final Path file;
  private final ByteBuffer bytes;
  private int end = SegmentFile.HEADER_BYTES;
  private int checksum;
  private long lastVersion;

  SegmentScan(Path file, SegmentFile head, ByteBuffer bytes) {
    this.file = file;
    this.bytes = bytes;
    this.checksum = head.chain();
    this.lastVersion = head.previousVersion();
  }

  /** {@return the next record, or null where the chain breaks off} */
  @Nullable LogRecord next() {
    SegmentFile.Found found = SegmentFile.at(bytes, end);
    if (found == null || found.chain() != checksum || found.record().version() <= lastVersion) {
      return null;
    }
    end += (int) SegmentFile.recordBytes(found.record().bytes().length);
    checksum = found.checksum();
    lastVersion = found.record().version();
    return found.record();
  }

  /** {@return where the last record that was read ends} */
  int end() {
    return Math.min(end, bytes.limit());
  }

  int checksum() {
    return checksum;
  }

  long lastVersion() {
    return lastVersion;
  }

  /**
   * Checks that what follows the last record was never synced.
   *
   * @throws DamagedStorageException if it was, or cannot be the rest of an interrupted write
   */
  void checkEndsTorn() throws DamagedStorageException {
    if (SegmentFile.isZero(bytes, end(), bytes.limit())) {
      return;
    }
    for (int at = end; at < bytes.limit(); at += Long.BYTES) {
      SegmentFile.Found later = SegmentFile.at(bytes, at);
      if (later != null && later.syncedVersion() > lastVersion) {
        throw brokenOff(later.syncedVersion());
      }
    }
    if (!SegmentFile.looksTorn(bytes, end)) {
      throw new DamagedStorageException(
          "%s: what follows version %d at byte %d is no record, and not one whose writing was"
                  .formatted(file, lastVersion, end)
              + " interrupted: restore a backup");
    }
  }

  DamagedStorageException brokenOff(long until) {
    return new DamagedStorageException(
        "%s: the record after version %d at byte %d is damaged, though version %d was synced"
                .formatted(file, lastVersion, end, until)
            + " behind it: restore a backup");
  }
}
