package io.khonsu.durable;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import io.khonsu.Durability;
import io.khonsu.Khonsu;
import io.khonsu.StoreConfig;
import io.khonsu.TableSpec;
import io.khonsu.spi.CommittedTransaction;
import io.khonsu.spi.DamagedStorageException;
import io.khonsu.spi.InMemoryKeyValueEngine;
import io.khonsu.spi.Mutation;
import io.khonsu.spi.StorageFullException;
import io.khonsu.spi.StorageRefusedException;
import io.khonsu.spi.StorageRefusedException.Reason;
import io.khonsu.spi.UncertainOutcomeException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The parts of a store on disk, and what is made of them when they do not fit together. */
@Timeout(120)
class DurableStorageTest {
  private static final TableSpec BATCHES =
      TableSpec.batches("b", new Schema(List.of(Field.notNullable("id", ArrowType.Utf8.INSTANCE))));

  private final InMemoryKeyValueEngine engine = new InMemoryKeyValueEngine();
  private final List<DurableStorage> opened = new ArrayList<>();
  private DurableSettings settings =
      DurableSettings.defaults()
          .withDiskReserveBytes(0)
          .withLogSizeMaxBytes(1 << 20)
          .withSegmentBytes(64 << 10);

  @TempDir private Path root;

  @AfterEach
  void closeAll() throws IOException {
    for (DurableStorage storage : opened) {
      storage.close();
    }
  }

  @ParameterizedTest
  @EnumSource(LogKind.class)
  void endlessUpdates_takeBoundedSpace(LogKind log) throws IOException {
    settings = settings.withLog(log);
    DurableStorage storage = open();
    long largest = 0;
    storage.commit(List.of(create(1)));
    for (long version = 2; version < 2_000; version++) { // 20 MB
      storage.commit(List.of(put(version, "k" + version % 10, 10_000)));
      largest = Math.max(largest, storage.log().sizeBytes());
    }
    storage.flushState();
    assertThat(largest).isLessThan(3 * settings.logSizeMaxBytes());
    assertThat(storage.state().sizeBytes()).isLessThan(200_000);
    assertThat(storage.log().trimmedVersion()).isGreaterThan(1_000);
    storage.close();
    assertThat(replayed(open())).isEmpty();
  }

  @ParameterizedTest
  @EnumSource(LogKind.class)
  void hold_keepsTheLog_alsoWhenOpenedAgain_untilItIsReleased(LogKind log) throws IOException {
    settings = settings.withLog(log);
    DurableStorage storage = open();
    storage.commit(List.of(create(1)));
    LogHold hold = storage.holdLog("archive", 1);
    fill(storage, 2, 400);
    assertThat(storage.log().trimmedVersion()).isLessThanOrEqualTo(1);
    storage.close();
    storage = open();
    assertThat(replayed(storage)).isEmpty();
    fill(storage, 400, 500);
    LogHold again = storage.holdLog("archive", 499);
    assertThat(again.version()).isEqualTo(1);
    assertThat(again.isBroken()).isFalse();
    List<Long> versions = new ArrayList<>();
    storage.log().read(1, record -> versions.add(record.version()));
    assertThat(versions).hasSize(498);
    again.confirm(450);
    assertThatThrownBy(() -> again.confirm(449)).isInstanceOf(IllegalArgumentException.class);
    fill(storage, 500, 600);
    assertThat(storage.log().trimmedVersion()).isBetween(300L, 450L);
    again.release();
    fill(storage, 600, 800);
    assertThat(storage.log().trimmedVersion()).isGreaterThan(450);
    assertThat(hold.name()).isEqualTo("archive");
  }

  @Test
  void hold_thatKeepsTooMuch_isBroken() throws IOException {
    settings = settings.withLog(LogKind.SEGMENTS).withHeldLogMaxBytes(500_000);
    DurableStorage storage = open();
    storage.commit(List.of(create(1)));
    LogHold hold = storage.holdLog("archive", 1);
    fill(storage, 2, 600);
    assertThat(hold.isBroken()).isTrue();
    assertThat(storage.log().sizeBytes()).isLessThan(3_000_000);
    hold.confirm(599);
    assertThat(hold.isBroken()).isFalse();
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 4095, Integer.MAX_VALUE, 4L << 30})
  void segments_tooSmallOrTooLargeToBeReadAgain_areRefused(long bytes) {
    assertThatThrownBy(() -> withSegments(bytes))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("segmentBytes must be at")
        .hasMessageContaining("but is " + bytes);
  }

  @ParameterizedTest
  @ValueSource(longs = {4096, Integer.MAX_VALUE - 8})
  void segments_asSmallAndAsLargeAsCanBe_areAccepted(long bytes) {
    assertThat(withSegments(bytes).segmentBytes()).isEqualTo(bytes);
  }

  private static DurableSettings withSegments(long bytes) {
    DurableSettings usual = DurableSettings.defaults();
    return new DurableSettings(
        usual.durability(),
        LogKind.SEGMENTS,
        usual.logSizeMaxBytes(),
        usual.heldLogMaxBytes(),
        bytes,
        usual.diskReserveBytes());
  }

  @Test
  void disk_withoutReserve_refusesCommits_andGoesOnWhenThereIsSpace() throws IOException {
    settings = settings.withDiskReserveBytes(Long.MAX_VALUE / 4);
    DurableStorage storage = open();
    assertThatThrownBy(() -> storage.commit(List.of(create(1))))
        .isInstanceOf(StorageFullException.class)
        .hasMessageContaining("diskReserveBytes");
    assertThat(replayed(storage)).isEmpty();
    storage.close();
    settings = settings.withDiskReserveBytes(0);
    DurableStorage roomy = open();
    roomy.commit(List.of(create(1)));
    assertThat(roomy.log().lastVersion()).isEqualTo(1);
  }

  @Test
  void modes_syncAsTheySay() throws Exception {
    settings = settings.withDurability(Durability.NONE);
    DurableStorage none = open();
    none.commit(List.of(create(1)));
    none.flushState();
    assertThat(none.log().syncedVersion()).isEqualTo(1); // before it came into the state
    none.commit(List.of(put(2, "k", 10)));
    none.sync();
    assertThat(none.log().syncedVersion()).isEqualTo(2);
    none.commit(List.of(put(3, "k", 10)));
    none.close();
    settings = settings.withDurability(Durability.async(Duration.ofMillis(1)));
    DurableStorage async = open();
    assertThat(replayed(async)).isEmpty();
    async.commit(List.of(put(4, "k", 10)));
    while (async.log().syncedVersion() < 4) {
      Thread.onSpinWait();
    }
    async.close();
    settings = settings.withDurability(Durability.SYNC);
    DurableStorage sync = open();
    sync.commit(List.of(put(5, "k", 10)));
    assertThat(sync.log().syncedVersion()).isEqualTo(5);
  }

  /** The channels of a thread that is interrupted close; those of the store must not. */
  @ParameterizedTest
  @EnumSource(LogKind.class)
  void interruptedThread_canSyncAndClose(LogKind log) throws IOException {
    settings = settings.withLog(log).withDurability(Durability.NONE);
    DurableStorage storage = open();
    storage.commit(List.of(create(1)));
    Thread.currentThread().interrupt();
    storage.sync();
    assertThat(Thread.interrupted()).isTrue();
    storage.commit(List.of(put(2, "k", 10)));
    Thread.currentThread().interrupt();
    storage.close();
    assertThat(Thread.interrupted()).isTrue();
    assertThat(StoreFile.read(place()).phase()).isEqualTo(StoreFile.Phase.CLOSED);
    assertThat(open().log().lastVersion()).isEqualTo(2);
  }

  @Test
  void open_withAnAllocatorThatIsClosed_closesTheStorage() throws IOException {
    DurableStorage storage = open();
    BufferAllocator closed = new RootAllocator();
    closed.close();
    assertThatThrownBy(() -> Khonsu.open(StoreConfig.defaults(), storage, closed))
        .isInstanceOf(IllegalStateException.class);
    assertThat(engine.openStores()).isZero();
    assertThat(open().log().lastVersion()).isZero();
  }

  @Test
  void log_thatCannotBeSyncedLater_stopsTheStore() throws IOException {
    settings = settings.withDurability(Durability.async(Duration.ofMillis(1)));
    DurableStorage storage = open();
    storage.commit(List.of(create(1)));
    storage.flushState();
    engine.fail(1, InMemoryKeyValueEngine.Fault.BROKEN);
    assertThatThrownBy(
            () -> {
              for (long version = 2; version < Long.MAX_VALUE; version++) {
                storage.commit(List.of(put(version, "k", 10)));
              }
            })
        .isInstanceOf(UncertainOutcomeException.class);
    engine.fail(Long.MAX_VALUE / 2, InMemoryKeyValueEngine.Fault.NONE);
    engine.crash(0);
    assertThatThrownBy(storage::close).isInstanceOf(Exception.class);
    assertThat(open().state().appliedVersion()).isEqualTo(1);
  }

  @Test
  void incarnation_counts() throws IOException {
    StoreId id = null;
    for (int life = 1; life <= 3; life++) {
      DurableStorage storage = open();
      assertThat(storage.incarnation()).isEqualTo(life);
      assertThat(id == null || storage.id().equals(id)).isTrue();
      id = storage.id();
      storage.close();
    }
  }

  @Test
  void creating_interruptedAtOnce_isBegunAnew() throws IOException {
    Files.createDirectories(place());
    Files.write(place().resolve(StoreFile.BEGUN_NAME), new byte[100]);
    open().commit(List.of(create(1)));
    assertThat(place().resolve(StoreFile.BEGUN_NAME)).doesNotExist();
  }

  /** With nothing else left there is nothing to restore, but it must not look like a new store. */
  @Test
  void storeFile_damaged_andAllElseGone_isRefused() throws IOException {
    settings = settings.withLog(LogKind.SEGMENTS);
    DurableStorage storage = open();
    storage.commit(List.of(create(1)));
    storage.close();
    DurableFiles.deleteTree(place().resolve("log"));
    DurableFiles.deleteTree(place().resolve("state"));
    for (int length : new int[] {0, 100, 512, 1_024}) {
      Files.write(place().resolve(StoreFile.NAME), new byte[length]);
      assertThatThrownBy(this::open)
          .isInstanceOf(DamagedStorageException.class)
          .hasMessageContaining("khonsu.store is damaged");
    }
  }

  /** Whatever fails while a store is looked at or restored, nothing of it stays open. */
  @ParameterizedTest
  @EnumSource(LogKind.class)
  void failure_atEveryCall_leavesNothingOpen(LogKind log) throws IOException {
    settings = settings.withLog(log);
    DurableStorage storage = open();
    storage.commit(List.of(create(1)));
    storage.close();
    long before = engine.calls();
    assertThat(StoreInspection.of(place(), engine).verdict())
        .isEqualTo(StoreInspection.Verdict.WHOLE);
    long looking = engine.calls() - before;
    for (long call = 1; call <= looking; call++) {
      engine.fail(call, InMemoryKeyValueEngine.Fault.UNDONE);
      assertThat(StoreInspection.of(place(), engine).verdict())
          .isEqualTo(StoreInspection.Verdict.UNREADABLE);
      assertThat(engine.openStores()).as("call %d", call).isZero();
    }
    boolean succeeds = false;
    for (long call = 1; !succeeds; call++) {
      Path restored = root.resolve("restored-" + call);
      engine.fail(call, InMemoryKeyValueEngine.Fault.UNDONE);
      try (RestoredStore store = RestoredStore.begin(restored, settings, engine)) {
        store.openState(null, store.id()).apply(List.of(create(1)));
        store.finish();
        succeeds = true;
      } catch (IOException e) {
        assertThat(e).hasMessageContaining("planned failure");
      }
      assertThat(engine.openStores()).as("call %d", call).isZero();
    }
  }

  @Test
  void creating_interrupted_isBegunAnew() throws IOException {
    Files.createDirectories(place().resolve("log"));
    Files.writeString(place().resolve("log/rest"), "of an attempt");
    StoreFile.create(place(), LogKind.SEGMENTS, "memory").close();
    settings = settings.withLog(LogKind.SEGMENTS);
    DurableStorage storage = open();
    storage.commit(List.of(create(1)));
    assertThat(place().resolve("log/rest")).doesNotExist();
  }

  @Test
  void log_lost_orShort_orForeign_isRefused() throws IOException {
    settings = settings.withLog(LogKind.SEGMENTS);
    DurableStorage storage = open();
    storage.commit(List.of(create(1)));
    Path segment = DurableFiles.list(place().resolve("log")).getFirst();
    int end = usedBytes(segment);
    storage.commit(List.of(put(2, "k", 10)));
    storage.close();
    byte[] whole = Files.readAllBytes(segment);
    byte[] cut = whole.clone();
    Arrays.fill(cut, end, cut.length, (byte) 0);
    Files.write(segment, cut);
    assertRefused(Reason.DATA_LOSS);
    Files.write(segment, whole);
    Files.delete(segment);
    assertRefused(Reason.DATA_LOSS);
    Files.write(segment, whole);
    Files.delete(place().resolve(StoreFile.NAME));
    assertRefused(Reason.DATA_LOSS);
    StoreFile.create(place(), LogKind.SEGMENTS, "memory").update(StoreFile.Phase.IN_USE, 0);
    assertRefused(Reason.FOREIGN_PART);
  }

  @Test
  void storeFile_damaged_orOfAnotherEngine_isRefused() throws IOException {
    settings = settings.withLog(LogKind.SEGMENTS);
    open().close();
    byte[] whole = Files.readAllBytes(place().resolve(StoreFile.NAME));
    Files.write(place().resolve(StoreFile.NAME), new byte[1_024]);
    assertThatThrownBy(this::open).isInstanceOf(DamagedStorageException.class);
    Files.write(place().resolve(StoreFile.NAME), whole);
    StoreFile.Content content = StoreFile.read(place());
    byte[] other =
        StoreFile.bytes(
            new StoreFile.Content(
                content.phase(), content.sequence() + 2, content.id(), 1, 0, content.log(), "x"));
    System.arraycopy(other, 0, whole, (int) (content.sequence() % 2) * other.length, other.length);
    Files.write(place().resolve(StoreFile.NAME), whole);
    assertRefused(Reason.MISSING_ENGINE);
  }

  @Test
  void directory_readOnly_isRefused() throws IOException {
    open().close();
    Files.setPosixFilePermissions(place(), PosixFilePermissions.fromString("r-xr-xr-x"));
    try {
      assumeFalse(Files.isWritable(place()), "this user may write everywhere");
      assertRefused(Reason.NOT_WRITABLE);
    } finally {
      Files.setPosixFilePermissions(place(), PosixFilePermissions.fromString("rwxr-xr-x"));
    }
  }

  @Test
  void use_afterClose_isAnException() throws IOException {
    DurableStorage storage = open();
    storage.commit(List.of(create(1)));
    storage.close();
    storage.close();
    assertThatThrownBy(() -> storage.commit(List.of(put(2, "k", 1))))
        .isInstanceOf(IllegalStateException.class);
  }

  private static int usedBytes(Path segment) throws IOException {
    byte[] bytes = Files.readAllBytes(segment);
    int end = bytes.length;
    while (bytes[end - 1] == 0) {
      end--;
    }
    return end;
  }

  private void assertRefused(Reason reason) {
    assertThatThrownBy(this::open)
        .isInstanceOfSatisfying(
            StorageRefusedException.class, e -> assertThat(e.reason()).isEqualTo(reason));
  }

  private static List<Long> replayed(DurableStorage storage) throws IOException {
    List<Long> versions = new ArrayList<>();
    storage.replay(commit -> versions.add(commit.version()));
    return versions;
  }

  private static void fill(DurableStorage storage, long from, long to) throws IOException {
    for (long version = from; version < to; version++) {
      storage.commit(List.of(put(version, "k" + version % 10, 10_000)));
    }
    storage.flushState();
  }

  private static CommittedTransaction create(long version) {
    return new CommittedTransaction(version, 1, List.of(new Mutation.CreateTable(1, BATCHES)));
  }

  private static CommittedTransaction put(long version, String name, int bytes) {
    byte[] frame = new byte[bytes];
    new Random(version).nextBytes(frame);
    return new CommittedTransaction(
        version, version, List.of(new Mutation.PutBatch(1, name, ByteBuffer.wrap(frame))));
  }

  private DurableStorage open() throws IOException {
    DurableStorage storage = DurableStorage.open(place(), settings, engine);
    opened.add(storage);
    return storage;
  }

  private Path place() {
    return root.resolve("store");
  }
}
