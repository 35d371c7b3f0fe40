package io.khonsu.durable;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.TableSpec;
import io.khonsu.internal.arrow.BatchBuilder;
import io.khonsu.internal.arrow.BatchFrame;
import io.khonsu.internal.arrow.BatchSchema;
import io.khonsu.internal.key.KeyCodec;
import io.khonsu.spi.CommittedTransaction;
import io.khonsu.spi.DamagedStorageException;
import io.khonsu.spi.InMemoryKeyValueEngine;
import io.khonsu.spi.KeyValueBatch;
import io.khonsu.spi.KeyValueEngine.Options;
import io.khonsu.spi.KeyValueEngine.Presence;
import io.khonsu.spi.KeyValueEngine.Use;
import io.khonsu.spi.KeyValueStore;
import io.khonsu.spi.KeyValueStore.Sync;
import io.khonsu.spi.Mutation;
import io.khonsu.spi.StateReceiver;
import io.khonsu.spi.StateReceiver.Extent;
import io.khonsu.spi.StorageRefusedException;
import io.khonsu.spi.StorageRefusedException.Reason;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.TreeMap;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The fold of commits, item by item. */
class StateStoreTest {
  private static final Path PLACE = Path.of("state");
  private static final byte[] HEAD = {'h', 'e', 'a', 'd'};
  private static final StoreId ID = new StoreId(1, 2);
  private static final Schema SCHEMA =
      new Schema(
          List.of(
              Field.notNullable("id", ArrowType.Utf8.INSTANCE),
              Field.nullable("value", new ArrowType.Int(64, true))));
  private static final TableSpec ROWS = TableSpec.rows("rows", SCHEMA).primaryKey("id");
  private static final TableSpec BATCHES = TableSpec.batches("batches", SCHEMA);

  private final BufferAllocator allocator = new RootAllocator();
  private final InMemoryKeyValueEngine engine = new InMemoryKeyValueEngine();

  @AfterEach
  void closeAllocator() {
    allocator.close();
  }

  @Test
  void apply_keepsOfEachItemTheLast_withItsVersion() throws IOException {
    try (StateStore state = create()) {
      state.apply(List.of(commit(1, create(1, ROWS), create(2, BATCHES))));
      state.apply(
          List.of(
              commit(5, rows(1, "a", "b", "c")),
              commit(6, rows(1, "b"), new Mutation.PutBatch(2, "x", frame("p", "q"))),
              commit(7, delete(1, "a"))));
      assertThat(content(state))
          .isEqualTo(List.of("1 rows 1", "2 batches 1", "1/b 6: b", "1/c 5: c", "2/x 6: p q"));
      assertThat(state.extent()).isEqualTo(new Extent(7, 7, 2));
    }
  }

  @Test
  void apply_again_changesNothing() throws IOException {
    List<CommittedTransaction> commits =
        List.of(
            commit(1, create(1, ROWS)),
            commit(2, rows(1, "a", "b")),
            commit(3, delete(1, "a")),
            commit(4, new Mutation.DropTable(1)),
            commit(5, create(4, ROWS), rows(4, "z")));
    try (StateStore state = create()) {
      for (int end = 1; end <= commits.size(); end++) {
        for (int from = 0; from < end; from++) {
          state.apply(commits.subList(from, end));
        }
      }
      assertThat(content(state)).isEqualTo(List.of("4 rows 5", "4/z 5: z"));
      assertThat(state.extent()).isEqualTo(new Extent(5, 5, 4));
    }
  }

  @Test
  void flush_isWhatACrashLeaves_dataAndVersionTogether() throws IOException {
    StateStore state = create();
    state.apply(List.of(commit(1, create(1, ROWS)), commit(2, rows(1, "a"))));
    assertThat(state.flush()).isEqualTo(2);
    state.apply(List.of(commit(3, rows(1, "b"))));
    assertThat(state.flushedVersion()).isEqualTo(2);
    state.apply(List.of(commit(4, delete(1, "a"))));
    for (int kept = 0; kept <= 2; kept++) {
      engine.crash(kept);
      try (StateStore opened = open()) {
        assertThat(opened.appliedVersion()).isEqualTo(kept == 0 ? 2 : opened.appliedVersion());
        assertThat(content(opened)).contains("1/a 2: a");
      }
    }
  }

  @Test
  void checkpoint_isAStateOfItsOwn() throws IOException {
    Path copy = Path.of("copy");
    try (StateStore state = create()) {
      state.apply(List.of(commit(1, create(1, ROWS)), commit(2, rows(1, "a"))));
      state.checkpoint(copy);
      state.apply(List.of(commit(3, delete(1, "a"))));
    }
    Options options = new Options(Use.STATE, Presence.EXISTING, StateStore.SPACES);
    try (StateStore opened = StateStore.open(engine.open(copy, options), ID)) {
      assertThat(opened.appliedVersion()).isEqualTo(2);
      assertThat(content(opened)).isEqualTo(List.of("1 rows 1", "1/a 2: a"));
    }
  }

  @Test
  void commit_thatDoesNotFit_isDamage() throws IOException {
    try (StateStore state = create()) {
      state.apply(List.of(commit(1, create(1, ROWS))));
      for (Mutation mutation :
          List.of(
              rows(2, "a"),
              create(1, BATCHES),
              create(0, BATCHES),
              new Mutation.DropTable(3),
              new Mutation.PutRows(1, ByteBuffer.wrap(new byte[] {1, 2, 3})))) {
        assertThatThrownBy(() -> state.apply(List.of(commit(9, mutation))))
            .as(mutation.toString())
            .isInstanceOf(DamagedStorageException.class);
      }
      assertThat(state.appliedVersion()).isEqualTo(1);
    }
  }

  @Test
  void open_ofAnotherStore_orFormat_isRefused() throws IOException {
    create().close();
    assertThatThrownBy(() -> StateStore.open(existing(), new StoreId(1, 3)))
        .isInstanceOfSatisfying(
            StorageRefusedException.class,
            e -> assertThat(e.reason()).isEqualTo(Reason.FOREIGN_PART));
    engine.crash(0);
    try (KeyValueStore store = existing()) {
      byte[] head = head(store);
      head[3] = 5;
      store.write(
          new KeyValueBatch().put("meta", new byte[] {'h', 'e', 'a', 'd'}, head), Sync.SYNCED);
      assertThatThrownBy(() -> StateStore.open(store, ID))
          .isInstanceOf(StorageRefusedException.class)
          .hasMessageContaining("version 5");
    }
  }

  /** Format 1 as it is on disks: this never changes. */
  @Test
  void golden_format1() throws IOException {
    try (StateStore state = create()) {
      state.apply(List.of(commit(0x0105, create(1, ROWS)), commit(0x0203, rows(1, "a"))));
    }
    try (KeyValueStore store = existing();
        KeyValueStore.Cursor cursor = store.cursor("items", new byte[0], null)) {
      TreeMap<String, String> items = new TreeMap<>();
      while (cursor.next()) {
        items.put(hex(cursor.key()), hex(cursor.value()));
      }
      assertThat(items.firstKey()).isEqualTo("00000000" + "00000001" + hex("rows".getBytes(UTF_8)));
      assertThat(items.firstEntry().getValue()).startsWith("0000000000000105" + "4b540100");
      assertThat(items.lastKey()).isEqualTo("00000001" + hex(key("a")));
      assertThat(items.lastEntry().getValue())
          .isEqualTo("0000000000000203" + hex(StateTable.bytes(frame("a"))));
      assertThat(hex(head(store)))
          .isEqualTo(
              "00000001"
                  + "00000000000000010000000000000002"
                  + "0000000000000203"
                  + "0000000000000203"
                  + "00000001");
    }
  }

  private static byte[] head(KeyValueStore store) throws IOException {
    return Objects.requireNonNull(store.get("meta", HEAD));
  }

  private StateStore create() throws IOException {
    Options options = new Options(Use.STATE, Presence.NEW, StateStore.SPACES);
    return StateStore.create(engine.open(PLACE, options), ID);
  }

  private StateStore open() throws IOException {
    return StateStore.open(existing(), ID);
  }

  private KeyValueStore existing() throws IOException {
    return engine.open(PLACE, new Options(Use.STATE, Presence.EXISTING, StateStore.SPACES));
  }

  private static CommittedTransaction commit(long version, Mutation... mutations) {
    return new CommittedTransaction(version, version, List.of(mutations));
  }

  private static Mutation create(int tableId, TableSpec spec) {
    return new Mutation.CreateTable(tableId, spec);
  }

  private Mutation rows(int tableId, String... ids) {
    return new Mutation.PutRows(tableId, frame(ids));
  }

  private static Mutation delete(int tableId, String id) {
    return new Mutation.Delete(tableId, ByteBuffer.wrap(key(id)));
  }

  private static byte[] key(String id) {
    return KeyCodec.of(SCHEMA, List.of("id"), 100).encode(id);
  }

  private ByteBuffer frame(String... ids) {
    BatchBuilder builder = new BatchBuilder(BatchSchema.of(SCHEMA));
    for (String id : ids) {
      builder.appendRow(id, 7L);
    }
    try (var batch = builder.freeze(allocator)) {
      return ByteBuffer.wrap(BatchFrame.encode(batch));
    }
  }

  private List<String> content(StateStore state) throws IOException {
    List<String> content = new ArrayList<>();
    Extent extent =
        state.read(
            new StateReceiver() {
              @Override
              public void table(int tableId, long version, TableSpec spec) {
                content.add("%d %s %d".formatted(tableId, spec.name(), version));
              }

              @Override
              public void item(int tableId, ByteBuffer key, long version, ByteBuffer frame) {
                var batch = BatchFrame.onHeap(BatchSchema.of(SCHEMA), StateTable.bytes(frame));
                List<String> ids = new ArrayList<>();
                for (int row = 0; row < batch.rowCount(); row++) {
                  ids.add(String.valueOf(batch.getObject(0, row)));
                }
                KeyCodec keys = KeyCodec.of(SCHEMA, List.of("id"), 100);
                Object name = keys.decode(StateTable.bytes(key))[0];
                content.add(
                    "%d/%s %d: %s".formatted(tableId, name, version, String.join(" ", ids)));
              }
            });
    assertThat(extent).isEqualTo(state.extent());
    return content;
  }

  private static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }
}
