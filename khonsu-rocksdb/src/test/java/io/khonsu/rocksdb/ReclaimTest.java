package io.khonsu.rocksdb;

import static org.assertj.core.api.Assertions.assertThat;

import io.khonsu.spi.KeyValueBatch;
import io.khonsu.spi.KeyValueEngine.Options;
import io.khonsu.spi.KeyValueEngine.Presence;
import io.khonsu.spi.KeyValueEngine.Use;
import io.khonsu.spi.KeyValueStore;
import io.khonsu.spi.KeyValueStore.Sync;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A log that is cut off at its begin, as clusters do it: by files, without deletions. */
@Timeout(120)
class ReclaimTest {
  private static final String SPACE = "space";
  private static final int FILES = 4;
  private static final int KEYS_PER_FILE = 50;
  private static final int VALUE_BYTES = 20_000;
  private static final byte[] BEGIN = key(0);
  private static final byte[] END = key(Integer.MAX_VALUE);

  @TempDir Path root;

  private int checkpoints;

  @Test
  void files_areFreed_andOpenCursorsGoOn() throws Exception {
    Options options = new Options(Use.LOG, Presence.NEW, List.of(SPACE));
    try (KeyValueStore store = new RocksDbEngine().open(root.resolve("store"), options)) {
      for (int file = 0; file < FILES; file++) {
        fill(store, file * KEYS_PER_FILE);
      }
      byte[] kept = key((FILES - 1) * KEYS_PER_FILE);
      try (KeyValueStore.Cursor before = store.cursor(SPACE, BEGIN, END)) {
        assertThat(before.next()).isTrue();
        awaitReclaimed(store, kept);
        int count = 1;
        for (; before.next(); count++) {
          assertThat(before.key()).isEqualTo(key(count));
          assertThat(before.value()).isEqualTo(value(count));
        }
        assertThat(count).isEqualTo(FILES * KEYS_PER_FILE);
      }
      assertThat(count(store, kept, END)).isEqualTo(KEYS_PER_FILE);
    }
    Options again = new Options(Use.LOG, Presence.EXISTING, List.of(SPACE));
    try (KeyValueStore store = new RocksDbEngine().open(root.resolve("store"), again)) {
      assertThat(count(store, BEGIN, END)).isEqualTo(KEYS_PER_FILE);
    }
  }

  /** Writes some keys into a file of their own. */
  private void fill(KeyValueStore store, int from) throws IOException {
    KeyValueBatch batch = new KeyValueBatch();
    for (int i = from; i < from + KEYS_PER_FILE; i++) {
      var _ = batch.put(SPACE, key(i), value(i));
    }
    store.write(batch, Sync.SYNCED);
    store.checkpoint(root.resolve("checkpoint-" + checkpoints++)); // makes files of all
  }

  /** RocksDB moves files to where they can be freed in its own time. */
  private static void awaitReclaimed(KeyValueStore store, byte[] kept) throws Exception {
    while (count(store, BEGIN, kept) > 0) {
      store.reclaim(SPACE, BEGIN, kept);
      TimeUnit.MILLISECONDS.sleep(1);
    }
  }

  private static int count(KeyValueStore store, byte[] from, byte[] to) throws IOException {
    int count = 0;
    try (KeyValueStore.Cursor cursor = store.cursor(SPACE, from, to)) {
      while (cursor.next()) {
        count++;
      }
    }
    return count;
  }

  private static byte[] key(int number) {
    return ByteBuffer.allocate(Integer.BYTES).putInt(number).array();
  }

  private static byte[] value(int number) {
    byte[] value = new byte[VALUE_BYTES];
    new Random(number).nextBytes(value);
    return value;
  }
}
