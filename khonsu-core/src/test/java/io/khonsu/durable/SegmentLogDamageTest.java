package io.khonsu.durable;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.spi.DamagedStorageException;
import io.khonsu.spi.KeyValueStore.Sync;
import io.khonsu.spi.LogRecord;
import io.khonsu.spi.StorageRefusedException;
import io.khonsu.spi.StorageRefusedException.Reason;
import io.khonsu.spi.UncertainOutcomeException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a log of segments makes of files that are not as it left them. */
class SegmentLogDamageTest {
  private static final int SEGMENT_BYTES = 8 << 10;
  private static final int PAYLOAD_BYTES = 700;
  private static final int RECORD_BYTES = 736; // with its header, to a multiple of 8
  private static final StoreId ID = new StoreId(1, 2);

  private static final String GOLDEN_HEADER_CHECKSUM = "12a07116";
  private static final String GOLDEN_FIRST = "70c53aa6";
  private static final String GOLDEN_SECOND = "2e223071";

  @TempDir private Path root;

  /** Segments of format 1 as they are on disks: this never changes. */
  @Test
  void golden_format1() throws IOException {
    LogRecord record = new LogRecord(0x0102030405060708L, new byte[] {0x41, 0x42, 0x43});
    try (SegmentLog log = SegmentLog.create(place(), ID, SEGMENT_BYTES)) {
      log.append(List.of(new LogRecord(1, new byte[0])), Sync.SYNCED);
      log.append(List.of(record), Sync.SYNCED);
    }
    byte[] bytes = Files.readAllBytes(file(1));
    assertThat(bytes).hasSize(SEGMENT_BYTES);
    assertThat(hex(bytes, 0, 64))
        .isEqualTo(
            "4b484f4e534c4f470000000100000000"
                + "00000000000000010000000000000002"
                + "00000000000000010000000000000000"
                + "000000000000000000000000"
                + GOLDEN_HEADER_CHECKSUM);
    assertThat(hex(bytes, 64, 96))
        .isEqualTo(
            "4b52454300000000" + GOLDEN_FIRST + "00000000" + "00000000000000010000000000000000");
    assertThat(hex(bytes, 96, 136))
        .isEqualTo(
            "4b52454300000003"
                + GOLDEN_SECOND
                + GOLDEN_FIRST
                + "01020304050607080000000000000001"
                + "4142430000000000");
    assertThat(SegmentFile.isZero(ByteBuffer.wrap(bytes), 136, bytes.length)).isTrue();
  }

  /** A segment is read as one array: a larger one could be written, but never read again. */
  @Test
  void append_ofMoreThanASegmentHolds_isRefused_andTheLogGoesOn() throws IOException {
    byte[] large = new byte[256 << 20];
    List<LogRecord> records = new ArrayList<>();
    for (int version = 1; version <= 8; version++) {
      records.add(new LogRecord(version, large));
    }
    LogRecord small = new LogRecord(9, new byte[10]);
    try (SegmentLog log = SegmentLog.create(place(), ID, SEGMENT_BYTES)) {
      assertThatThrownBy(() -> log.append(records, Sync.SYNCED))
          .isInstanceOf(IOException.class)
          .isNotInstanceOf(UncertainOutcomeException.class)
          .hasMessageContaining("append fewer at a time");
      log.append(List.of(small), Sync.SYNCED);
      List<LogRecord> found = new ArrayList<>();
      log.read(0, found::add);
      assertThat(found).containsExactly(small);
    }
  }

  /** It gets a file of its own size while the usual next one is still being made: not in one. */
  @Test
  void largeRecords_rightAfterASegmentIsFull_areKept() throws IOException {
    int segmentBytes = 1 << 20;
    Random random = new Random(1);
    List<LogRecord> records = new ArrayList<>();
    try (SegmentLog log = SegmentLog.create(place(), ID, segmentBytes)) {
      for (int version = 1; version <= 150; version++) {
        byte[] payload = new byte[version % 2 == 0 ? segmentBytes * 5 / 4 : segmentBytes * 3 / 4];
        random.nextBytes(payload);
        records.add(new LogRecord(version, payload));
        log.append(List.of(records.getLast()), Sync.WRITTEN);
      }
    }
    List<LogRecord> found = new ArrayList<>();
    try (SegmentLog log = SegmentLog.open(place(), ID, segmentBytes, 0)) {
      log.read(0, found::add);
    }
    assertThat(found).isEqualTo(records);
  }

  /** As when there is no memory for a record: nobody knows what of it is in the file. */
  @Test
  void append_brokenOff_stopsTheLog() throws IOException {
    List<LogRecord> records = List.of(record(1), record(2));
    AtomicInteger walks = new AtomicInteger();
    List<LogRecord> breakingOff =
        new AbstractList<>() {
          @Override
          public LogRecord get(int index) {
            return records.get(index);
          }

          @Override
          public int size() {
            return records.size();
          }

          // The first is to check them, the second one to measure them, the third to write them.
          @Override
          public Iterator<LogRecord> iterator() {
            return walks.incrementAndGet() < 3
                ? records.iterator()
                : records.stream().peek(each -> checkState(each.version() == 1)).iterator();
          }
        };
    try (SegmentLog log = SegmentLog.create(place(), ID, SEGMENT_BYTES)) {
      assertThatThrownBy(() -> log.append(breakingOff, Sync.SYNCED)).hasMessage("planned");
      assertThatThrownBy(() -> log.append(List.of(record(1)), Sync.SYNCED))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("has stopped");
    }
    assertThat(read()).isEmpty();
  }

  private static void checkState(boolean isGood) {
    if (!isGood) {
      throw new IllegalStateException("planned");
    }
  }

  /** What is appended to a segment once the next has its name is lost when the log is opened. */
  @Test
  void nextSegment_thatHasItsName_butCannotBeUsed_stopsTheLog() throws IOException {
    try (SegmentLog log = SegmentLog.create(place(), ID, SEGMENT_BYTES)) {
      Files.createDirectory(file(2));
      LogRecord large = new LogRecord(1, new byte[SEGMENT_BYTES]);
      assertThatThrownBy(() -> log.append(List.of(large), Sync.SYNCED))
          .isInstanceOf(UncertainOutcomeException.class)
          .hasMessageContaining("cannot go on in");
      LogRecord small = new LogRecord(2, new byte[10]);
      assertThatThrownBy(() -> log.append(List.of(small), Sync.SYNCED))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("has stopped");
    }
  }

  @Test
  void version_unknown_isRefusedByName() throws IOException {
    fill(1);
    overwrite(file(1), 11, (byte) 7);
    assertThatThrownBy(this::open)
        .isInstanceOfSatisfying(
            StorageRefusedException.class,
            e -> assertThat(e.reason()).isEqualTo(Reason.UNKNOWN_FORMAT))
        .hasMessageContaining("version 7");
  }

  @Test
  void otherStore_isRefused() throws IOException {
    fill(1);
    assertThatThrownBy(() -> SegmentLog.open(place(), new StoreId(1, 3), SEGMENT_BYTES, 0))
        .isInstanceOfSatisfying(
            StorageRefusedException.class,
            e -> assertThat(e.reason()).isEqualTo(Reason.FOREIGN_PART));
  }

  @Test
  void lastRecord_cutOffAtAnySector_isDropped_andTheLogGoesOn() throws IOException {
    List<LogRecord> records = fill(3);
    byte[] whole = Files.readAllBytes(file(1));
    int start = 64 + 2 * RECORD_BYTES;
    for (int cut = 0; cut <= start + RECORD_BYTES; cut += 512) {
      byte[] torn = whole.clone();
      Arrays.fill(torn, Math.max(cut, start), start + RECORD_BYTES, (byte) 0);
      Files.write(file(1), torn);
      boolean isWhole = Arrays.equals(torn, whole);
      try (SegmentLog log = open()) {
        assertThat(log.lastVersion()).isEqualTo(isWhole ? 3 : 2);
        log.append(List.of(record(9)), Sync.SYNCED);
      }
      List<LogRecord> expected = new ArrayList<>(records.subList(0, isWhole ? 3 : 2));
      expected.add(record(9));
      assertThat(read()).isEqualTo(expected);
    }
  }

  @Test
  void byte_flippedAnywhere_isDamage() throws IOException {
    fill(25); // over several segments
    Random random = new Random(3);
    for (Path file : DurableFiles.list(place())) {
      byte[] whole = Files.readAllBytes(file);
      int used = whole.length;
      while (whole[used - 1] == 0) {
        used--;
      }
      for (int round = 0; round < 60; round++) {
        int at = random.nextInt(used);
        byte[] flipped = whole.clone();
        flipped[at] ^= (byte) (1 << random.nextInt(8));
        Files.write(file, flipped);
        assertThatThrownBy(this::read).as("%s, byte %d", file, at).isInstanceOf(IOException.class);
      }
      Files.write(file, whole);
    }
    assertThat(read()).hasSize(25);
  }

  @Test
  void segment_missing_isRefused() throws IOException {
    fill(40);
    List<Path> files = DurableFiles.list(place());
    assertThat(files).hasSizeGreaterThan(3);
    Path middle = files.get(1);
    byte[] bytes = Files.readAllBytes(middle);
    Files.delete(middle);
    assertThatThrownBy(this::open).isInstanceOf(DamagedStorageException.class);
    Files.write(middle, bytes);
    Files.move(middle, place().resolve("0000000000000099.seg"));
    assertThatThrownBy(this::open).isInstanceOf(DamagedStorageException.class);
    for (Path file : DurableFiles.list(place())) {
      Files.delete(file);
    }
    assertThatThrownBy(this::open)
        .isInstanceOfSatisfying(
            StorageRefusedException.class, e -> assertThat(e.reason()).isEqualTo(Reason.DATA_LOSS));
  }

  @Test
  void tail_unsynced_withAHole_isDropped() throws IOException {
    try (SegmentLog log = SegmentLog.create(place(), ID, SEGMENT_BYTES)) {
      log.append(List.of(record(1)), Sync.SYNCED);
      for (int version = 2; version <= 5; version++) {
        log.append(List.of(record(version)), Sync.WRITTEN);
      }
    }
    byte[] bytes = Files.readAllBytes(file(1));
    int second = 64 + RECORD_BYTES;
    Arrays.fill(
        bytes, second, second + RECORD_BYTES, (byte) 0); // the power went before it was written
    Files.write(file(1), bytes);
    assertThat(read()).containsExactly(record(1));
    try (SegmentLog log = open()) {
      log.append(List.of(record(7)), Sync.SYNCED);
    }
    assertThat(read()).containsExactly(record(1), record(7));
  }

  /** Whoever follows the log reads on: what is damaged before was read already. */
  @Test
  void read_afterWhatWasRead_doesNotReadItAgain() throws IOException {
    try (SegmentLog log = SegmentLog.create(place(), ID, SEGMENT_BYTES)) {
      for (int version = 1; version <= 3; version++) {
        log.append(List.of(record(version)), Sync.SYNCED);
      }
      List<LogRecord> found = new ArrayList<>();
      log.read(0, found::add);
      overwrite(file(1), 64 + 100, (byte) ~record(1).bytes()[100 - 32]);
      log.append(List.of(record(4)), Sync.SYNCED);
      log.read(3, found::add);
      assertThat(found).containsExactly(record(1), record(2), record(3), record(4));
      assertThatThrownBy(() -> log.read(2, found::add)).isInstanceOf(DamagedStorageException.class);
      assertThat(found).hasSize(4);
    }
  }

  /** Else a power failure could take back what the reader has counted on. */
  @Test
  void read_ofWhatIsNotSynced_isReadAgain() throws IOException {
    try (SegmentLog log = SegmentLog.create(place(), ID, SEGMENT_BYTES)) {
      log.append(List.of(record(1)), Sync.SYNCED);
      log.append(List.of(record(2)), Sync.WRITTEN);
      List<LogRecord> found = new ArrayList<>();
      log.read(0, found::add);
      log.read(1, found::add);
      log.read(2, found::add);
      assertThat(found).containsExactly(record(1), record(2), record(2));
    }
  }

  @Test
  void record_thatHasASectorOfZeros_isKept() throws IOException {
    LogRecord zeros = new LogRecord(2, new byte[4 << 10]);
    try (SegmentLog log = SegmentLog.create(place(), ID, SEGMENT_BYTES)) {
      log.append(List.of(record(1)), Sync.SYNCED);
      log.append(List.of(zeros), Sync.SYNCED);
    }
    assertThat(read()).containsExactly(record(1), zeros);
  }

  /** It looks torn, but what follows says that it was synced, even if that one is torn itself. */
  @Test
  void record_withASectorOfZeros_damaged_beforeASyncedOne_isDamage() throws IOException {
    try (SegmentLog log = SegmentLog.create(place(), ID, SEGMENT_BYTES)) {
      log.append(List.of(new LogRecord(1, new byte[2 << 10])), Sync.SYNCED);
      log.append(List.of(record(2)), Sync.SYNCED);
    }
    byte[] whole = Files.readAllBytes(file(1));
    int start = 64 + (int) SegmentFile.recordBytes(2 << 10);
    overwrite(file(1), 64 + 40, (byte) 1);
    assertThatThrownBy(this::open)
        .isInstanceOf(DamagedStorageException.class)
        .hasMessageContaining("version 1 was synced");
    byte[] torn = Files.readAllBytes(file(1));
    Arrays.fill(torn, (start / 512 + 1) * 512, torn.length, (byte) 0); // the end of the second
    Files.write(file(1), torn);
    assertThatThrownBy(this::open)
        .isInstanceOf(DamagedStorageException.class)
        .hasMessageContaining("version 1 was synced");
    Files.write(file(1), whole);
    assertThat(read()).hasSize(2);
  }

  /** A second one written with it in one go says nothing about the first: it was not synced. */
  @Test
  void record_torn_beforeOneOfTheSameWrite_isDropped() throws IOException {
    try (SegmentLog log = SegmentLog.create(place(), ID, SEGMENT_BYTES)) {
      log.append(List.of(record(1)), Sync.SYNCED);
      log.append(List.of(record(2), record(3)), Sync.SYNCED);
    }
    byte[] torn = Files.readAllBytes(file(1));
    Arrays.fill(torn, 1_024, 1_536, (byte) 0); // within the second
    Files.write(file(1), torn);
    byte[] found = Files.readAllBytes(file(1));
    assertThatThrownBy(() -> SegmentLog.open(place(), ID, SEGMENT_BYTES, 3))
        .isInstanceOfSatisfying(
            StorageRefusedException.class, e -> assertThat(e.reason()).isEqualTo(Reason.DATA_LOSS))
        .hasMessageContaining("ends at version 1, but was synced up to 3");
    assertThat(Files.readAllBytes(file(1))).as("what is refused").isEqualTo(found);
    assertThat(read()).containsExactly(record(1));
  }

  /** Else, after a sync that failed, it may be in the memory of the system only, for good. */
  @Test
  void lastSegment_isWrittenOnceMore_whenItIsOpened() throws IOException {
    List<LogRecord> records = fill(3);
    FileTime longAgo = FileTime.fromMillis(0);
    var _ = Files.setLastModifiedTime(file(1), longAgo);
    byte[] bytes = Files.readAllBytes(file(1));
    open().close();
    assertThat(Files.getLastModifiedTime(file(1))).isGreaterThan(longAgo);
    assertThat(Files.readAllBytes(file(1))).isEqualTo(bytes);
    assertThat(read()).isEqualTo(records);
  }

  /** Oldest first, and each before the next: what is left goes on without a gap. */
  @Test
  void trim_thatFailsBetweenFiles_leavesAContinuousLog() throws IOException {
    List<LogRecord> records = fill(40);
    byte[] second = Files.readAllBytes(file(2));
    try (SegmentLog log = open()) {
      Files.delete(file(2));
      Files.createDirectories(file(2).resolve("in the way")); // cannot be deleted as a file
      assertThatThrownBy(() -> log.trim(40)).isInstanceOf(IOException.class);
      assertThat(log.trimmedVersion()).isBetween(5L, 15L);
      assertThat(file(1)).doesNotExist();
      assertThat(file(3)).exists();
      DurableFiles.deleteTree(file(2));
      Files.write(file(2), second);
    }
    try (SegmentLog log = open()) {
      List<LogRecord> found = new ArrayList<>();
      log.read(log.trimmedVersion(), found::add);
      assertThat(found).isEqualTo(records.subList((int) log.trimmedVersion(), 40));
      log.trim(40);
      assertThat(DurableFiles.list(place()))
          .filteredOn(f -> f.toString().endsWith("seg"))
          .hasSize(1);
    }
  }

  private List<LogRecord> fill(int count) throws IOException {
    List<LogRecord> records = new ArrayList<>();
    try (SegmentLog log = SegmentLog.create(place(), ID, SEGMENT_BYTES)) {
      for (int version = 1; version <= count; version++) {
        records.add(record(version));
        log.append(List.of(record(version)), Sync.SYNCED);
      }
    }
    return records;
  }

  private static LogRecord record(long version) {
    byte[] bytes = new byte[PAYLOAD_BYTES];
    new Random(version).nextBytes(bytes);
    return new LogRecord(version, bytes);
  }

  private List<LogRecord> read() throws IOException {
    List<LogRecord> records = new ArrayList<>();
    try (SegmentLog log = open()) {
      log.read(0, records::add);
    }
    return records;
  }

  private SegmentLog open() throws IOException {
    return SegmentLog.open(place(), ID, SEGMENT_BYTES, 0);
  }

  private Path place() {
    return root.resolve("log");
  }

  private Path file(int number) {
    return place().resolve("%016d.seg".formatted(number));
  }

  private static void overwrite(Path file, long at, byte value) throws IOException {
    try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
      bytes.seek(at);
      bytes.write(value);
    }
  }

  private static String hex(byte[] bytes, int from, int to) {
    return HexFormat.of().formatHex(bytes, from, to);
  }
}
