package io.khonsu.durable;

import io.khonsu.spi.DamagedStorageException;
import io.khonsu.spi.LogRecord;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Reads the records of a segment, following the chain of their checksums, a part of the file at a
 * time. Not thread-safe.
 */
final class SegmentScan {
  private static final int WINDOW_BYTES = 1 << 20;

  private final Path file;
  private final FileChannel source;
  private final long fileBytes;

  /** A part of the file; it begins with a sector. */
  private ByteBuffer window = ByteBuffer.allocate(0);

  private long windowAt;
  private Place place;

  /**
   * A place between two records.
   *
   * @param at the byte of the file
   * @param checksum of the record before
   * @param lastVersion the version of the record before
   */
  record Place(long at, int checksum, long lastVersion) {
    /** {@return where the first record of a segment is} */
    static Place first(SegmentFile head) {
      return new Place(SegmentFile.HEADER_BYTES, head.chain(), head.previousVersion());
    }
  }

  /**
   * Begins to read.
   *
   * @param source of the file; borrowed
   * @param from where a record begins, or what was written ends
   */
  SegmentScan(Path file, FileChannel source, long fileBytes, Place from) {
    this.file = file;
    this.source = source;
    this.fileBytes = fileBytes;
    this.place = from;
  }

  /** {@return the next record, or null where the chain breaks off} */
  @Nullable LogRecord next() throws IOException {
    SegmentFile.Found found = found();
    if (found == null
        || found.chain() != place.checksum
        || found.record().version() <= place.lastVersion) {
      return null;
    }
    long bytes = SegmentFile.recordBytes(found.record().bytes().length);
    place = new Place(place.at + bytes, found.checksum(), found.record().version());
    return found.record();
  }

  private SegmentFile.@Nullable Found found() throws IOException {
    SegmentFile.Found found = SegmentFile.at(window, indexInWindow());
    while (found == null && widen(SegmentFile.statedBytes(window, indexInWindow()))) {
      found = SegmentFile.at(window, indexInWindow());
    }
    return found;
  }

  /** Reads on from the place, at least so much; {@return whether there was more than before}. */
  private boolean widen(long bytes) throws IOException {
    long wanted = Math.min(fileBytes, place.at + Math.max(bytes, WINDOW_BYTES));
    if (wanted <= windowAt + window.limit()) {
      return false;
    }
    windowAt = place.at - place.at % SegmentFile.SECTOR_BYTES;
    window = ByteBuffer.wrap(DurableFiles.read(source, windowAt, (int) (wanted - windowAt)));
    if (windowAt + window.limit() < wanted) {
      throw new DamagedStorageException(
          "%s ends at byte %d, but had %d: restore a backup"
              .formatted(file, windowAt + window.limit(), fileBytes));
    }
    return true;
  }

  private int indexInWindow() {
    return (int) Math.min(place.at - windowAt, window.limit());
  }

  /** {@return where the last record that was read ends} */
  Place place() {
    return place;
  }

  /**
   * Checks that what follows the last record was never synced.
   *
   * @return whether nothing follows
   * @throws DamagedStorageException if it was, or cannot be the rest of an interrupted write
   */
  boolean checkEndsTorn() throws IOException {
    boolean _ = widen(fileBytes);
    int end = indexInWindow();
    if (SegmentFile.isZero(window, end, window.limit())) {
      return true;
    }
    if (SegmentFile.syncedVersionOfNext(window, end) > place.lastVersion) {
      throw brokenOff(SegmentFile.syncedVersionOfNext(window, end));
    }
    for (int at = end; at < window.limit(); at += Long.BYTES) {
      SegmentFile.Found later = SegmentFile.at(window, at);
      if (later != null && later.syncedVersion() > place.lastVersion) {
        throw brokenOff(later.syncedVersion());
      }
    }
    if (!SegmentFile.looksTorn(window, end)) {
      throw new DamagedStorageException(
          "%s: what follows version %d at byte %d is no record, and not one whose writing was"
                  .formatted(file, place.lastVersion, place.at)
              + " interrupted: restore a backup");
    }
    return false;
  }

  DamagedStorageException brokenOff(long until) {
    return new DamagedStorageException(
        "%s: the record after version %d at byte %d is damaged, though version %d was synced"
                .formatted(file, place.lastVersion, place.at, until)
            + " behind it: restore a backup");
  }
}
