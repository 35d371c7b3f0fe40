package io.khonsu.durable;

import io.khonsu.durable.SegmentScan.Place;
import io.khonsu.spi.CommitLog;
import io.khonsu.spi.DamagedStorageException;
import io.khonsu.spi.KeyValueStore.Sync;
import io.khonsu.spi.LogRecord;
import io.khonsu.spi.StorageRefusedException;
import io.khonsu.spi.StorageRefusedException.Reason;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A commit log in plain files of one size that are filled with zeros before they are written to, so
 * that a sync has no file to grow. See {@link SegmentFile} for what is in them.
 *
 * <p>Records form a chain by their checksums, across segments. Where it breaks off in the last
 * segment, the log ends if that looks like the end of what was being written when the machine
 * stopped, and nothing behind it says that it had been synced; else it is damaged.
 */
public final class SegmentLog implements CommitLog {
  /** The size of a segment that no record exceeds. */
  static final long SEGMENT_BYTES = 64L << 20;

  static final int SEGMENT_MAX_BYTES = Integer.MAX_VALUE - 8; // it is read as an array
  private static final int BUFFER_BYTES = 1 << 20;

  private final Path directory;
  private final StoreId id;
  private final SpareSegment spare;
  private final LogPosition position;

  /** Oldest first; the last one is appended to. Changed by the appending thread, and by trim. */
  private final CopyOnWriteArrayList<Segment> segments = new CopyOnWriteArrayList<>();

  private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);

  /**
   * Held while {@link #channel} is synced, but for appends that are synced at once, or replaced.
   */
  private final ReentrantLock replacing = new ReentrantLock();

  private FileChannel channel;
  private long end;
  private int checksum;

  /** Where the last reading ended, as whoever follows the log reads on from there. */
  private volatile @Nullable Reached readUpTo;

  /** One file, and what it begins with. */
  private record Segment(Path file, SegmentFile head, long sizeBytes) {}

  /** A place in a segment; what is before it was synced, so it stays as it is. */
  private record Reached(long number, Place place) {}

  private SegmentLog(
      Path directory, StoreId id, SpareSegment spare, FileChannel channel, OpenedTail tail) {
    this.directory = directory;
    this.id = id;
    this.spare = spare;
    this.channel = channel;
    this.segments.addAll(tail.segments);
    this.end = tail.place.at();
    this.checksum = tail.place.checksum();
    this.position = new LogPosition(tail.place.lastVersion(), tail.place.lastVersion());
  }

  /** {@return an empty log in a directory that does not exist} */
  static SegmentLog create(Path directory, StoreId id, long segmentBytes) throws IOException {
    return create(directory, id, segmentBytes, 0);
  }

  /** {@return a log in a directory that does not exist, that begins after a version} */
  static SegmentLog create(Path directory, StoreId id, long segmentBytes, long afterVersion)
      throws IOException {
    Files.createDirectory(directory);
    SegmentFile head = new SegmentFile(id, 1, afterVersion, 0);
    Path file = directory.resolve(name(1));
    SpareSegment.make(file, segmentBytes, head.header());
    DurableFiles.syncDirectory(directory);
    List<Segment> segments = List.of(new Segment(file, head, segmentBytes));
    return opened(directory, id, segmentBytes, new OpenedTail(segments, Place.first(head)));
  }

  /**
   * {@return the log in a directory}
   *
   * @param knownVersion up to which it is known to have been synced
   * @throws StorageRefusedException if it belongs to another store, or has another format, or ends
   *     before that version: then nothing is changed
   * @throws DamagedStorageException if a file is missing, or not as it was written
   */
  static SegmentLog open(Path directory, StoreId id, long segmentBytes, long knownVersion)
      throws IOException {
    OpenedTail tail = tail(segments(directory, id), true, knownVersion);
    DurableFiles.syncDirectory(directory); // the last segment may have just got its name
    return opened(directory, id, segmentBytes, tail);
  }

  private static SegmentLog opened(Path directory, StoreId id, long segmentBytes, OpenedTail tail)
      throws IOException {
    SpareSegment spare = new SpareSegment(directory, segmentBytes);
    FileChannel channel = FileChannel.open(tail.segments.getLast().file, StandardOpenOption.WRITE);
    return new SegmentLog(directory, id, spare, channel, tail);
  }

  /** {@return the log in a directory, to be read only: nothing is changed on disk} */
  static CommitLog look(Path directory, StoreId id) throws IOException {
    OpenedTail tail = tail(segments(directory, id), false, 0);
    FileChannel channel = FileChannel.open(tail.segments.getLast().file, StandardOpenOption.READ);
    return new SegmentLog(directory, id, SpareSegment.none(directory), channel, tail);
  }

  private static List<Segment> segments(Path directory, StoreId id) throws IOException {
    List<Segment> segments = new ArrayList<>();
    List<Path> files = Files.isDirectory(directory) ? DurableFiles.list(directory) : List.of();
    for (Path file : files) {
      if (file.getFileName().toString().endsWith(".seg")) {
        Segment segment = head(file);
        checkFollows(segment, segments.isEmpty() ? null : segments.getLast(), id);
        segments.add(segment);
      }
    }
    if (segments.isEmpty()) {
      throw new StorageRefusedException(
          Reason.DATA_LOSS, directory + " holds no log segment: restore a backup");
    }
    return segments;
  }

  private static Segment head(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      byte[] header = DurableFiles.read(channel, 0, SegmentFile.HEADER_BYTES);
      return new Segment(file, SegmentFile.read(file, header), channel.size());
    }
  }

  private static void checkFollows(Segment segment, @Nullable Segment before, StoreId id)
      throws IOException {
    SegmentFile head = segment.head;
    if (!head.id().equals(id)) {
      throw new StorageRefusedException(
          Reason.FOREIGN_PART,
          "%s belongs to store %s, not to %s: put its own log back, or restore a backup"
              .formatted(segment.file, head.id(), id));
    }
    boolean isNamed = segment.file.getFileName().toString().equals(name(head.number()));
    if (!isNamed || (before != null && head.number() != before.head.number() + 1)) {
      throw new DamagedStorageException(
          "%s is segment %d, after %s: a log segment is missing or was renamed; restore a backup"
              .formatted(segment.file, head.number(), before == null ? "none" : before.file));
    }
  }

  /** The segments of a log that is being opened, and where it ends. */
  private record OpenedTail(List<Segment> segments, Place place) {}

  private static OpenedTail tail(List<Segment> segments, boolean repairs, long knownVersion)
      throws IOException {
    Segment last = segments.getLast();
    checkSize(last);
    SegmentScan scan;
    boolean endsClean;
    try (FileChannel source = FileChannel.open(last.file, StandardOpenOption.READ)) {
      scan = new SegmentScan(last.file, source, last.sizeBytes, Place.first(last.head));
      while (scan.next() != null) {
        // to the end
      }
      endsClean = scan.checkEndsTorn();
    }
    OpenedStore.checkNotShort(scan.place().lastVersion(), knownVersion);
    if (repairs) {
      repair(last, scan.place().at(), endsClean);
    }
    return new OpenedTail(segments, scan.place());
  }

  /**
   * Removes what was being written at the end; what is left is built upon, so it is synced. It is
   * written once more before: after a sync that has failed, the system may take what never got to
   * the disk for what is there.
   */
  private static void repair(Segment last, long end, boolean endsClean) throws IOException {
    try (FileChannel channel =
        FileChannel.open(last.file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      DurableFiles.rewrite(channel, end);
      if (!endsClean) {
        DurableFiles.fillWithZeros(channel, end, last.sizeBytes);
      }
      channel.force(false);
    }
  }

  private static void checkSize(Segment segment) throws DamagedStorageException {
    if (segment.sizeBytes > SEGMENT_MAX_BYTES) {
      throw new DamagedStorageException(
          "%s has %d bytes, more than any segment".formatted(segment.file, segment.sizeBytes));
    }
  }

  @Override
  public void append(List<LogRecord> records, Sync sync) throws IOException {
    position.checkAppend(records);
    if (!fits(records)) {
      rotate(records);
    }
    try {
      for (LogRecord record : records) {
        put(record);
      }
      drain();
      if (sync == Sync.SYNCED) {
        channel.force(false);
      }
    } catch (IOException e) {
      throw position.stop("the log cannot be written", e);
    } catch (RuntimeException | Error e) { // as when there is no memory for a large record
      var _ = position.stop("the log cannot be written", new IOException(e));
      throw e;
    }
    position.appended(records.getLast().version());
    if (sync == Sync.SYNCED) {
      position.synced(records.getLast().version());
    }
  }

  private boolean fits(List<LogRecord> records) {
    return end + bytesOf(records) <= segments.getLast().sizeBytes;
  }

  private static long bytesOf(List<LogRecord> records) {
    return records.stream().mapToLong(r -> SegmentFile.recordBytes(r.bytes().length)).sum();
  }

  private void put(LogRecord record) throws IOException {
    long size = SegmentFile.recordBytes(record.bytes().length);
    if (size > buffer.remaining()) {
      drain();
    }
    if (size <= buffer.capacity()) {
      checksum = SegmentFile.put(buffer, record, checksum, position.synced());
    } else {
      ByteBuffer large = ByteBuffer.allocate((int) size);
      checksum = SegmentFile.put(large, record, checksum, position.synced());
      DurableFiles.write(channel, large.flip(), end);
      end += size;
    }
  }

  private void drain() throws IOException {
    int size = buffer.flip().limit();
    try {
      DurableFiles.write(channel, buffer, end);
    } finally {
      buffer.clear();
    }
    end += size;
  }

  /**
   * Goes on in a new segment. What can fail for lack of space comes first, and leaves all as it is.
   */
  private void rotate(List<LogRecord> records) throws IOException {
    long number = segments.getLast().head.number() + 1;
    SegmentFile head = new SegmentFile(id, number, position.last(), checksum);
    long needed = SegmentFile.HEADER_BYTES + bytesOf(records);
    if (needed > SEGMENT_MAX_BYTES) {
      throw new IOException(
          "%d records take %d bytes, but a segment has at most %d: append fewer at a time"
              .formatted(records.size(), needed, SEGMENT_MAX_BYTES));
    }
    Path file = directory.resolve(name(number));
    try {
      long size = spare.take(file, needed, head.header(), this::sync); // that header says the end
      goOnIn(file);
      segments.add(new Segment(file, head, size));
      end = SegmentFile.HEADER_BYTES;
    } catch (IOException e) {
      // Once it has its name, nothing may be appended to the one before any more.
      throw !position.isStopped() && Files.exists(file)
          ? position.stop("the log cannot go on in " + file, e)
          : e;
    } catch (RuntimeException | Error e) {
      var _ = position.stop("the log cannot go on in " + file, new IOException(e));
      throw e;
    }
  }

  private void goOnIn(Path file) throws IOException {
    FileChannel next = FileChannel.open(file, StandardOpenOption.WRITE);
    replacing.lock();
    try (FileChannel _ = channel) {
      channel = next;
    } finally {
      replacing.unlock();
    }
  }

  @Override
  public void sync() throws IOException {
    replacing.lock();
    try {
      position.checkRunning();
      long version = position.last();
      if (version > position.synced()) {
        channel.force(false);
        position.synced(version);
      }
    } catch (IOException e) {
      throw position.isStopped() ? e : position.stop("the log cannot be synced", e);
    } finally {
      replacing.unlock();
    }
  }

  @Override
  public void read(long afterVersion, Receiver receiver) throws IOException {
    position.checkOpen();
    long last = position.last();
    List<Segment> all = List.copyOf(segments);
    if (afterVersion < all.getFirst().head.previousVersion()) {
      throw new IllegalArgumentException(
          "the log begins after version %d, not %d"
              .formatted(all.getFirst().head.previousVersion(), afterVersion));
    }
    for (int i = 0; i < all.size(); i++) {
      Segment next = i + 1 < all.size() ? all.get(i + 1) : null;
      if (next == null || next.head.previousVersion() > afterVersion) {
        read(all.get(i), next, afterVersion, last, receiver);
      }
    }
  }

  private void read(
      Segment segment, @Nullable Segment next, long afterVersion, long last, Receiver receiver)
      throws IOException {
    long until = next == null ? last : Math.min(last, next.head.previousVersion());
    long synced = position.synced();
    checkSize(segment);
    Place place = startIn(segment, afterVersion);
    SegmentScan scan;
    try (FileChannel source = FileChannel.open(segment.file, StandardOpenOption.READ)) {
      scan = new SegmentScan(segment.file, source, segment.sizeBytes, place);
      while (scan.place().lastVersion() < until) {
        LogRecord record = scan.next();
        if (record == null) {
          throw scan.brokenOff(until);
        }
        place = record.version() <= synced ? scan.place() : place;
        if (record.version() > afterVersion) {
          receiver.accept(record);
        }
      }
    } finally {
      readUpTo = new Reached(segment.head.number(), place); // also if the receiver has ended it
    }
    if (next != null && until < last && scan.place().checksum() != next.head.chain()) {
      throw new DamagedStorageException(
          "%s does not follow %s: restore a backup".formatted(next.file, segment.file));
    }
  }

  /** {@return where to begin to read a segment: where the last reading ended, if that is known} */
  private Place startIn(Segment segment, long afterVersion) {
    Reached reached = readUpTo;
    return reached != null
            && reached.number == segment.head.number()
            && reached.place.lastVersion() <= afterVersion
        ? reached.place
        : Place.first(segment.head);
  }

  @Override
  public void trim(long upToVersion) throws IOException {
    position.checkRunning();
    while (segments.size() > 1 && segments.get(1).head.previousVersion() <= upToVersion) {
      // One at a time: of several, a power failure might take back the older ones only.
      DurableFiles.delete(segments.getFirst().file);
      segments.removeFirst();
    }
  }

  @Override
  public long trimmedVersion() {
    return segments.getFirst().head.previousVersion();
  }

  @Override
  public long lastVersion() {
    return position.last();
  }

  @Override
  public long syncedVersion() {
    return position.synced();
  }

  @Override
  public long sizeBytes() {
    position.checkOpen();
    return segments.stream().mapToLong(Segment::sizeBytes).sum();
  }

  @Override
  public void close() throws IOException {
    replacing.lock();
    try {
      if (!position.isClosed()) {
        position.close();
        release();
      }
    } finally {
      replacing.unlock();
    }
  }

  private void release() throws IOException {
    try (SpareSegment _ = spare;
        FileChannel _ = channel) {
      if (!position.isStopped() && position.last() > position.synced()) {
        channel.force(false);
      }
    }
  }

  private static String name(long number) {
    return "%016d.seg".formatted(number);
  }
}
