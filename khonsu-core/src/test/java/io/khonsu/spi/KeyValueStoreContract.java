package io.khonsu.spi;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.khonsu.spi.KeyValueEngine.Options;
import io.khonsu.spi.KeyValueEngine.Presence;
import io.khonsu.spi.KeyValueEngine.Use;
import io.khonsu.spi.KeyValueStore.Sync;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Random;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** What every {@link KeyValueEngine} and {@link KeyValueStore} must do. Extend it. */
@ParameterizedClass
@EnumSource(Use.class)
public abstract class KeyValueStoreContract {
  private static final String A = "a";
  private static final String B = "b";
  private static final List<String> SPACES = List.of(A, B);

  private final Use use;
  private KeyValueEngine engine;
  private KeyValueStore store;
  @TempDir private Path root;

  protected KeyValueStoreContract(Use use) {
    this.use = use;
  }

  /** {@return a new engine} */
  protected abstract KeyValueEngine engine();

  @BeforeEach
  final void openFirst() throws IOException {
    engine = engine();
    store = engine.open(place(), options(Presence.NEW));
  }

  @AfterEach
  final void closeLast() throws IOException {
    store.close();
  }

  @Test
  void get_givesWhatWasWrittenLast() throws IOException {
    assertThat(store.get(A, bytes("k"))).isNull();
    store.write(new KeyValueBatch().put(A, bytes("k"), bytes("1")), Sync.WRITTEN);
    store.write(new KeyValueBatch().put(A, bytes("k"), bytes("2")), Sync.SYNCED);
    store.write(new KeyValueBatch().put(A, bytes("e"), bytes("")), Sync.SYNCED);
    assertThat(store.get(A, bytes("k"))).isEqualTo(bytes("2"));
    assertThat(store.get(A, bytes("e"))).isEmpty();
    assertThat(store.get(B, bytes("k"))).isNull();
  }

  @Test
  void values_ofAnySize_wholeOrInParts_areWrittenOneAfterAnother() throws IOException {
    for (int size : new int[] {100, 0, 5_000, 4_096, 4_095, 200_000, 3, 9 << 20, 70_000}) {
      byte[] value = new byte[size];
      new Random(size).nextBytes(value);
      int half = size / 2;
      ByteBuffer second = ByteBuffer.wrap(value, half, size - half).asReadOnlyBuffer();
      List<ByteBuffer> parts = List.of(ByteBuffer.wrap(value, 0, half), second);
      KeyValueBatch batch = new KeyValueBatch().put(A, bytes("whole"), value);
      var _ = batch.put(B, bytes("parts"), parts).put(B, bytes("last"), bytes("1"));
      assertThat(batch.sizeBytes()).isEqualTo(2L * size + 5 + 5 + 4 + 1);
      store.write(batch, Sync.WRITTEN);
      assertThat(store.get(A, bytes("whole"))).isEqualTo(value);
      assertThat(store.get(B, bytes("parts"))).isEqualTo(value);
      assertThat(second.position()).isEqualTo(half);
    }
  }

  @Test
  void batch_isAppliedInItsOrder_overSpaces() throws IOException {
    KeyValueBatch batch = new KeyValueBatch();
    var _ = batch.put(A, bytes("a"), bytes("1")).put(A, bytes("b"), bytes("1"));
    var _ = batch.put(A, bytes("c"), bytes("1")).put(B, bytes("b"), bytes("1"));
    var _ = batch.deleteRange(A, bytes("b"), bytes("c")).put(A, bytes("b0"), bytes("2"));
    var _ = batch.delete(A, bytes("a")).delete(A, bytes("none"));
    store.write(batch, Sync.SYNCED);
    assertThat(pairs(A)).isEqualTo(Map.of("b0", "2", "c", "1"));
    assertThat(pairs(B)).isEqualTo(Map.of("b", "1"));
  }

  @Test
  void arrays_mayBeChangedAfterwards() throws IOException {
    byte[] key = bytes("key");
    byte[] value = bytes("value");
    store.write(new KeyValueBatch().put(A, key, value), Sync.WRITTEN);
    Arrays.fill(key, (byte) 'x');
    Arrays.fill(value, (byte) 'x');
    byte[] found = store.get(A, bytes("key"));
    assertThat(found).isEqualTo(bytes("value"));
    Arrays.fill(found, (byte) 'x');
    assertThat(store.get(A, bytes("key"))).isEqualTo(bytes("value"));
  }

  @Test
  void cursor_givesKeysUnsignedAscending_fromAndBefore() throws IOException {
    KeyValueBatch batch = new KeyValueBatch();
    byte[][] keys = {{}, {0}, {0, 0}, {1}, {0x7F}, {(byte) 0x80}, {(byte) 0xFF}, {(byte) 0xFF, 1}};
    List<byte[]> shuffled = new ArrayList<>(List.of(keys));
    java.util.Collections.shuffle(shuffled, new Random(1));
    shuffled.forEach(key -> batch.put(A, key, key));
    store.write(batch, Sync.WRITTEN);
    assertThat(keys(new byte[0], null)).containsExactly(keys);
    assertThat(store.lastKey(A)).isEqualTo(keys[keys.length - 1]);
    assertThat(store.lastKey(B)).isNull();
    assertThat(keys(new byte[] {0, 0}, new byte[] {(byte) 0x80}))
        .containsExactly(keys[2], keys[3], keys[4]);
    assertThat(keys(new byte[] {2}, new byte[] {2})).isEmpty();
    assertThat(keys(new byte[] {3}, new byte[] {2})).isEmpty();
  }

  @Test
  void cursor_showsThePairsOfItsBeginning() throws IOException {
    store.write(new KeyValueBatch().put(A, bytes("a"), bytes("1")), Sync.WRITTEN);
    try (KeyValueStore.Cursor cursor = store.cursor(A, bytes(""), null)) {
      KeyValueBatch later = new KeyValueBatch().put(A, bytes("b"), bytes("2"));
      store.write(later.delete(A, bytes("a")), Sync.WRITTEN);
      assertThat(cursor.next()).isTrue();
      assertThat(cursor.key()).isEqualTo(bytes("a"));
      assertThat(cursor.value()).isEqualTo(bytes("1"));
      assertThat(cursor.next()).isFalse();
      assertThat(cursor.next()).isFalse();
      assertThatThrownBy(cursor::key).isInstanceOf(IllegalStateException.class);
    }
    assertThat(pairs(A)).isEqualTo(Map.of("b", "2"));
  }

  @Test
  void reopened_holdsWhatWasWritten() throws IOException {
    store.write(new KeyValueBatch().put(A, bytes("a"), bytes("1")), Sync.SYNCED);
    reopen();
    store.write(new KeyValueBatch().put(B, bytes("b"), bytes("2")), Sync.WRITTEN);
    store.flush();
    reopen();
    store.write(new KeyValueBatch().put(B, bytes("c"), bytes("3")), Sync.WRITTEN);
    reopen();
    assertThat(pairs(A)).isEqualTo(Map.of("a", "1"));
    assertThat(pairs(B)).isEqualTo(Map.of("b", "2", "c", "3"));
  }

  @Test
  void reclaim_changesNothingElse() throws IOException {
    for (int round = 0; round < 20; round++) {
      KeyValueBatch batch = new KeyValueBatch();
      for (int i = 0; i < 50; i++) {
        var _ = batch.put(A, bytes("%04d".formatted(round * 50 + i)), new byte[1_000]);
      }
      store.write(batch, Sync.WRITTEN);
      store.flush();
    }
    byte[] from = bytes("0100");
    byte[] to = bytes("0705");
    store.write(new KeyValueBatch().deleteRange(A, from, to), Sync.WRITTEN);
    store.reclaim(A, from, to);
    assertThat(pairs(A)).hasSize(1_000 - 605).doesNotContainKey("0704").containsKey("0705");
    reopen();
    assertThat(pairs(A)).hasSize(1_000 - 605).containsKey("0099");
  }

  @Test
  void checkpoint_isAStoreOfItsOwn() throws IOException {
    store.write(new KeyValueBatch().put(A, bytes("a"), bytes("1")), Sync.WRITTEN);
    Path copy = root.resolve("copy");
    store.checkpoint(copy);
    store.write(new KeyValueBatch().put(A, bytes("a"), bytes("2")), Sync.WRITTEN);
    assertThatThrownBy(() -> store.checkpoint(copy)).isInstanceOf(IOException.class);
    try (KeyValueStore opened = engine.open(copy, options(Presence.EXISTING))) {
      assertThat(opened.get(A, bytes("a"))).isEqualTo(bytes("1"));
      opened.write(new KeyValueBatch().put(A, bytes("a"), bytes("3")), Sync.WRITTEN);
    }
    assertThat(store.get(A, bytes("a"))).isEqualTo(bytes("2"));
  }

  @Test
  void open_ofWhatIsMissing_orExists_orIsOpen_isRefused() throws IOException {
    Path nowhere = root.resolve("nowhere");
    assertThatThrownBy(() -> engine.open(nowhere, options(Presence.EXISTING)))
        .isInstanceOf(IOException.class);
    assertThatThrownBy(() -> engine.open(place(), options(Presence.EXISTING)))
        .isInstanceOfSatisfying(
            StorageRefusedException.class,
            e -> assertThat(e.reason()).isEqualTo(StorageRefusedException.Reason.IN_USE));
    store.close();
    assertThatThrownBy(() -> engine.open(place(), options(Presence.NEW)))
        .isInstanceOf(IOException.class);
    store = engine.open(place(), options(Presence.EXISTING));
  }

  @Test
  @SuppressWarnings("MustBeClosedChecker") // closed by the store
  void use_afterClose_isAnException() throws IOException {
    store.write(new KeyValueBatch().put(A, bytes("a"), bytes("1")), Sync.WRITTEN);
    KeyValueStore.Cursor ended = store.cursor(A, bytes(""), null);
    ended.close();
    ended.close();
    assertThatThrownBy(ended::next).isInstanceOf(IllegalStateException.class);
    KeyValueStore.Cursor cursor = store.cursor(A, bytes(""), null);
    assertThat(cursor.next()).isTrue();
    store.close();
    store.close();
    KeyValueBatch batch = new KeyValueBatch().put(A, bytes("a"), bytes("2"));
    assertThatThrownBy(cursor::next).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(cursor::value).isInstanceOf(IllegalStateException.class);
    cursor.close();
    assertThatThrownBy(() -> store.get(A, bytes("a"))).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> store.write(batch, Sync.SYNCED))
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> store.flush()).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> store.cursor(A, bytes(""), null))
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> store.checkpoint(root.resolve("late")))
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> store.reclaim(A, bytes("a"), bytes("b")))
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> store.sizeBytes()).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void store_lookedAt_isNotWrittenTo() throws IOException {
    assumeTrue(use != Use.SCRATCH, "what was closed has gone");
    store.write(new KeyValueBatch().put(A, bytes("a"), bytes("1")), Sync.SYNCED);
    store.close();
    store = engine.open(place(), options(Presence.LOOKED_AT));
    assertThat(pairs(A)).isEqualTo(Map.of("a", "1"));
    KeyValueBatch batch = new KeyValueBatch().put(A, bytes("a"), bytes("2"));
    assertThatThrownBy(() -> store.write(batch, Sync.WRITTEN)).isInstanceOf(IOException.class);
    store.flush();
    reopen();
    assertThat(pairs(A)).isEqualTo(Map.of("a", "1"));
  }

  @Test
  void space_unknown_isRefused() {
    assertThatThrownBy(() -> store.get("c", bytes("a")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("\"c\"");
  }

  @Test
  void random_changes_leaveWhatAMapWould() throws IOException {
    Random random = new Random(7);
    TreeMap<String, String> model = new TreeMap<>();
    for (int round = 0; round < 60; round++) {
      KeyValueBatch batch = new KeyValueBatch();
      for (int i = random.nextInt(30); i >= 0; i--) {
        change(random, batch, model);
      }
      store.write(batch, random.nextBoolean() ? Sync.WRITTEN : Sync.SYNCED);
      if (random.nextInt(8) == 0) {
        reopen();
      }
    }
    assertThat(pairs(A)).isEqualTo(model);
  }

  private static void change(
      Random random, KeyValueBatch batch, NavigableMap<String, String> model) {
    String key = "k%02d".formatted(random.nextInt(100));
    if (random.nextInt(10) == 0) {
      String end = "k%02d".formatted(random.nextInt(100));
      if (key.compareTo(end) < 0) {
        var _ = batch.deleteRange(A, bytes(key), bytes(end));
        model.subMap(key, end).clear();
      }
    } else if (random.nextInt(4) == 0) {
      var _ = batch.delete(A, bytes(key));
      model.remove(key);
    } else {
      String value = "v" + random.nextInt();
      var _ = batch.put(A, bytes(key), bytes(value));
      model.put(key, value);
    }
  }

  /** Where what is closed stays; nothing is promised of a scratch store then. */
  private void reopen() throws IOException {
    if (use == Use.SCRATCH) {
      return;
    }
    store.close();
    store = engine.open(place(), options(Presence.EXISTING));
  }

  private Path place() {
    return root.resolve("store");
  }

  private Options options(Presence presence) {
    return new Options(use, presence, SPACES);
  }

  private Map<String, String> pairs(String space) throws IOException {
    Map<String, String> pairs = new TreeMap<>();
    try (KeyValueStore.Cursor cursor = store.cursor(space, new byte[0], null)) {
      while (cursor.next()) {
        pairs.put(new String(cursor.key(), UTF_8), new String(cursor.value(), UTF_8));
      }
    }
    return pairs;
  }

  private List<byte[]> keys(byte[] from, byte @Nullable [] to) throws IOException {
    List<byte[]> keys = new ArrayList<>();
    try (KeyValueStore.Cursor cursor = store.cursor(A, from, to)) {
      while (cursor.next()) {
        keys.add(cursor.key());
      }
    }
    return keys;
  }

  private static byte[] bytes(String text) {
    return text.getBytes(UTF_8);
  }
}
