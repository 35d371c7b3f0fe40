package io.khonsu.durable;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.spi.DamagedStorageException;
import io.khonsu.spi.InMemoryKeyValueEngine;
import io.khonsu.spi.InMemoryKeyValueEngine.Fault;
import io.khonsu.spi.KeyValueBatch;
import io.khonsu.spi.KeyValueEngine.Options;
import io.khonsu.spi.KeyValueEngine.Presence;
import io.khonsu.spi.KeyValueEngine.Use;
import io.khonsu.spi.KeyValueStore;
import io.khonsu.spi.KeyValueStore.Sync;
import io.khonsu.spi.LogRecord;
import io.khonsu.spi.StorageRefusedException;
import io.khonsu.spi.StorageRefusedException.Reason;
import io.khonsu.spi.UncertainOutcomeException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The log in a key-value store: what it looks like, and what is refused. */
class KeyValueLogTest {
  private static final Path PLACE = Path.of("log");
  private static final StoreId ID = new StoreId(1, 2);
  private static final byte[] HEAD = "head".getBytes(UTF_8);

  private final InMemoryKeyValueEngine engine = new InMemoryKeyValueEngine();

  @BeforeEach
  void create() throws IOException {
    try (KeyValueLog log = KeyValueLog.create(store(Presence.NEW), ID)) {
      log.append(List.of(record(0x0105), record(0x0203), record(0x0301)), Sync.SYNCED);
      log.trim(0x0105);
    }
  }

  /** Format 1 as it is on disks: this never changes. */
  @Test
  void golden_format1() throws IOException {
    try (KeyValueStore store = store(Presence.EXISTING);
        KeyValueStore.Cursor cursor = store.cursor("log", new byte[0], null)) {
      assertThat(store.get("meta", HEAD))
          .isEqualTo(hex("00000001" + "00000000000000010000000000000002" + "0000000000000105"));
      assertThat(cursor.next()).isTrue();
      assertThat(cursor.key()).isEqualTo(hex("0000000000000203" + "0000000000000105"));
      assertThat(cursor.value()).isEqualTo(hex("02"));
      assertThat(cursor.next()).isTrue();
      assertThat(cursor.next()).isFalse();
    }
  }

  @Test
  void format_unknown_orOtherStore_isRefused() throws IOException {
    try (KeyValueStore store = store(Presence.EXISTING)) {
      assertRefused(store, new StoreId(1, 3), Reason.FOREIGN_PART);
      KeyValueBatch batch = new KeyValueBatch();
      store.write(batch.put("meta", HEAD, hex("00000009")), Sync.SYNCED);
      assertRefused(store, ID, Reason.UNKNOWN_FORMAT);
      store.write(new KeyValueBatch().delete("meta", HEAD), Sync.SYNCED);
      assertThatThrownBy(() -> KeyValueLog.open(store, ID))
          .isInstanceOf(DamagedStorageException.class);
    }
  }

  @Test
  void record_missing_isDamage() throws IOException {
    try (KeyValueStore store = store(Presence.EXISTING)) {
      byte[] key = hex("0000000000000203" + "0000000000000105");
      store.write(new KeyValueBatch().delete("log", key), Sync.SYNCED);
    }
    try (KeyValueLog log = KeyValueLog.open(store(Presence.EXISTING), ID)) {
      assertThatThrownBy(() -> log.read(0x0105, _ -> {}))
          .isInstanceOf(DamagedStorageException.class)
          .hasMessageContaining("lacks commits");
    }
  }

  @Test
  void append_failing_stopsTheLog() throws IOException {
    KeyValueLog log = KeyValueLog.open(store(Presence.EXISTING), ID);
    engine.fail(1, Fault.DONE);
    assertThatThrownBy(() -> log.append(List.of(record(0x0400)), Sync.SYNCED))
        .isInstanceOf(UncertainOutcomeException.class);
    assertThatThrownBy(() -> log.append(List.of(record(0x0500)), Sync.SYNCED))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("stopped");
    engine.crash(0);
    try (KeyValueLog opened = KeyValueLog.open(store(Presence.EXISTING), ID)) {
      assertThat(opened.lastVersion()).isEqualTo(0x0400);
    }
  }

  private static void assertRefused(KeyValueStore store, StoreId id, Reason reason) {
    assertThatThrownBy(() -> KeyValueLog.open(store, id))
        .isInstanceOfSatisfying(
            StorageRefusedException.class, e -> assertThat(e.reason()).isEqualTo(reason));
  }

  private KeyValueStore store(Presence presence) throws IOException {
    return engine.open(PLACE, new Options(Use.LOG, presence, KeyValueLog.SPACES));
  }

  private static LogRecord record(long version) {
    return new LogRecord(version, new byte[] {(byte) (version >>> 8)});
  }

  private static byte[] hex(String text) {
    return HexFormat.of().parseHex(text);
  }
}
