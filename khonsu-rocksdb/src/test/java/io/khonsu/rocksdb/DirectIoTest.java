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
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DirectIoTest {
  private static final String SPACE = "space";

  @TempDir Path root;

  @Test
  void probe_leavesNothing_andWantsTheDirectoryOrItsParent() throws IOException {
    boolean isPossible = DirectIo.isPossible(root);
    assertThat(DirectIo.isPossible(root.resolve("new"))).isEqualTo(isPossible);
    assertThat(DirectIo.isPossible(root.resolve("no").resolve("where"))).isFalse();
    try (Stream<Path> files = Files.list(root)) {
      assertThat(files).isEmpty();
    }
  }

  /** So much that some of it must have been flushed. */
  @Test
  void whatWasFlushed_isReadAsItWasWritten() throws IOException {
    Path directory = root.resolve("log");
    int count = 3_500; // as much as may wait for a flush, and more
    try (KeyValueStore store =
        new RocksDbEngine().open(directory, new Options(Use.LOG, Presence.NEW, List.of(SPACE)))) {
      for (int i = 0; i < count; i++) {
        store.write(new KeyValueBatch().put(SPACE, key(i), value(i)), Sync.WRITTEN);
      }
    }
    try (Stream<Path> files = Files.list(directory)) {
      assertThat(files.map(Path::toString)).anyMatch(name -> name.endsWith(".sst"));
    }
    Options again = new Options(Use.LOG, Presence.EXISTING, List.of(SPACE));
    try (KeyValueStore store = new RocksDbEngine().open(directory, again);
        KeyValueStore.Cursor all = store.cursor(SPACE, key(0), null)) {
      for (int i = 0; i < count; i++) {
        assertThat(all.next()).isTrue();
        assertThat(all.value()).isEqualTo(value(i));
      }
    }
  }

  private static byte[] key(int i) {
    return ByteBuffer.allocate(Integer.BYTES).putInt(i).array();
  }

  private static byte[] value(int i) {
    byte[] value = new byte[64 << 10];
    ByteBuffer.wrap(value).putInt(i).putInt(value.length - Integer.BYTES, ~i);
    return value;
  }
}
