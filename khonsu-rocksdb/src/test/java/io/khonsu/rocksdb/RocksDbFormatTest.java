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
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What is on disk can be read by older versions of RocksDB, so that there is a way back: by its
 * default, this version writes table files of format 7, which 9 and 10 refuse.
 */
class RocksDbFormatTest {
  /** The newest that RocksDB 9.11 and 10.10 both read. */
  private static final int FORMAT_VERSION = 5;

  private static final long TABLE_MAGIC = 0x88e241b785f4cff7L;
  private static final int FOOTER_END_BYTES = 12; // format version in 4, magic in 8

  @TempDir private Path root;

  @ParameterizedTest
  @EnumSource(Use.class)
  void files_areOfAFormatThatOlderVersionsRead(Use use) throws IOException {
    Path copy = root.resolve("copy");
    Options options = new Options(use, Presence.NEW, List.of("a", "b"));
    try (KeyValueStore store = new RocksDbEngine().open(root.resolve("db"), options)) {
      byte[] value = new byte[1_000];
      for (byte i = 0; i < 50; i++) {
        new Random(i).nextBytes(value);
        store.write(
            new KeyValueBatch().put("a", new byte[] {i}, value.clone()),
            use == Use.LOG ? Sync.SYNCED : Sync.WRITTEN);
      }
      store.checkpoint(copy); // which writes all to table files
    }
    List<Path> tables = files(copy, "[0-9]+\\.sst");
    assertThat(tables).isNotEmpty();
    for (Path table : tables) {
      byte[] bytes = Files.readAllBytes(table);
      ByteBuffer end =
          ByteBuffer.wrap(bytes, bytes.length - FOOTER_END_BYTES, FOOTER_END_BYTES)
              .order(ByteOrder.LITTLE_ENDIAN);
      assertThat(end.getInt()).as(table.toString()).isEqualTo(FORMAT_VERSION);
      assertThat(end.getLong()).as(table.toString()).isEqualTo(TABLE_MAGIC);
    }
    // Of the second option only the list of options tells: it changes blocks, not the footer.
    List<Path> lists = files(copy, "OPTIONS-[0-9]+");
    assertThat(lists).isNotEmpty();
    for (Path list : lists) {
      assertThat(Files.readAllLines(list).stream().map(String::strip).toList())
          .contains("format_version=" + FORMAT_VERSION)
          .anyMatch(line -> line.matches("uniform_cv_threshold=-1(\\.0*)?"))
          .noneMatch(line -> line.matches("format_version=(?!5$).*"));
    }
  }

  private static List<Path> files(Path directory, String pattern) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.filter(file -> file.getFileName().toString().matches(pattern)).toList();
    }
  }
}
