package io.khonsu.rocksdb;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.spi.KeyValueBatch;
import io.khonsu.spi.KeyValueEngine.Options;
import io.khonsu.spi.KeyValueEngine.Presence;
import io.khonsu.spi.KeyValueEngine.Use;
import io.khonsu.spi.KeyValueStore;
import io.khonsu.spi.KeyValueStore.Sync;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Memory in which writes are gathered is used again; nothing of one gets into another. */
class GatheringTest {
  private static final String SPACE = "space";

  @TempDir Path root;
  private KeyValueStore store;

  @BeforeEach
  void open() throws IOException {
    Options options = new Options(Use.LOG, Presence.NEW, List.of(SPACE));
    store = new RocksDbEngine().open(root.resolve("store"), options);
  }

  @AfterEach
  void close() throws IOException {
    store.close();
  }

  @Test
  void batch_thatIsRefused_leavesNothingInTheNextOne() throws IOException {
    KeyValueBatch refused = new KeyValueBatch().put(SPACE, key("x"), new byte[10_000]);
    var _ = refused.put("none", key("x"), key("1"));
    assertThatThrownBy(() -> store.write(refused, Sync.WRITTEN))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("there is no space \"none\"");
    store.write(new KeyValueBatch().put(SPACE, key("y"), key("1")), Sync.WRITTEN);
    assertThat(store.get(SPACE, key("x"))).isNull();
    assertThat(store.get(SPACE, key("y"))).isEqualTo(key("1"));
  }

  @Test
  void batches_ofSeveralThreads_keepApart() throws Exception {
    List<Future<?>> writers = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int writer = 0; writer < 8; writer++) {
        int number = writer;
        writers.add(threads.submit(() -> write(number)));
      }
    }
    for (Future<?> writer : writers) {
      writer.get();
    }
    for (int writer = 0; writer < 8; writer++) {
      for (int i = 0; i < 50; i++) {
        assertThat(store.get(SPACE, key(writer + "." + i))).isEqualTo(value(writer, i));
      }
    }
  }

  private Void write(int writer) throws IOException {
    for (int i = 0; i < 50; i++) {
      byte[] key = key(writer + "." + i);
      store.write(new KeyValueBatch().put(SPACE, key, value(writer, i)), Sync.WRITTEN);
    }
    return null;
  }

  private static byte[] value(int writer, int number) {
    byte[] value = new byte[4_000 + 300 * number];
    Arrays.fill(value, (byte) (writer + 10 * number));
    return value;
  }

  private static byte[] key(String text) {
    return text.getBytes(UTF_8);
  }
}
