package io.khonsu.rocksdb;

import static org.assertj.core.api.Assertions.assertThat;

import io.khonsu.spi.KeyValueBatch;
import io.khonsu.spi.KeyValueEngine.Options;
import io.khonsu.spi.KeyValueEngine.Presence;
import io.khonsu.spi.KeyValueEngine.Use;
import io.khonsu.spi.KeyValueStore;
import io.khonsu.spi.KeyValueStore.Sync;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
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

  private static final byte[] B_FROM = {20};
  private static final byte[] B_TO = {30};
  private static final long TABLE_MAGIC = 0x88e241b785f4cff7L;
  private static final int FOOTER_END_BYTES = 12; // format version in 4, magic in 8

  /** Put there by the build. */
  private static final Path OLDER = Path.of("target", "older", "rocksdbjni.jar");

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

  /** With small and large values, deleted keys and ranges, in table files and in the log. */
  @ParameterizedTest
  @EnumSource(Use.class)
  void store_isReadByAnOlderVersion(Use use) throws Exception {
    Path directory = root.resolve("db");
    List<String> spaces = List.of("a", "b");
    Options options = new Options(use, Presence.NEW, spaces);
    try (KeyValueStore store = new RocksDbEngine().open(directory, options)) {
      Sync sync = use == Use.LOG ? Sync.SYNCED : Sync.WRITTEN;
      for (byte i = 0; i < 50; i++) {
        byte[] value = new byte[i % 10 == 0 ? 100_000 : 1_000];
        new Random(i).nextBytes(value);
        KeyValueBatch batch = new KeyValueBatch();
        for (String space : spaces) {
          batch.put(space, new byte[] {i}, value);
        }
        store.write(batch, sync);
      }
      store.write(
          new KeyValueBatch().delete("a", new byte[] {3}).deleteRange("b", B_FROM, B_TO), sync);
      store.checkpoint(root.resolve("copy")); // which writes all to table files
      store.write(new KeyValueBatch().put("a", new byte[] {100}, new byte[] {1}), sync);
      store.flush();
    }
    assertThat(readByAnOlderVersion(directory))
        .containsExactly("9.11.2", "a 50", "b 40", "default 0");
  }

  private List<String> readByAnOlderVersion(Path directory) throws Exception {
    assertThat(OLDER).as("copied by the build: run Maven's generate-test-resources").exists();
    String classes =
        Path.of(OlderReader.class.getProtectionDomain().getCodeSource().getLocation().toURI())
            .toString();
    Path java = Path.of(System.getProperty("java.home"), "bin", "java");
    Path output = root.resolve("output");
    Process process =
        new ProcessBuilder(
                java.toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                OLDER + File.pathSeparator + classes,
                OlderReader.class.getName(),
                directory.toString())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    assertThat(process.waitFor()).as(() -> read(output)).isZero();
    return read(output).lines().sorted().toList();
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<Path> files(Path directory, String pattern) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.filter(file -> file.getFileName().toString().matches(pattern)).toList();
    }
  }
}
