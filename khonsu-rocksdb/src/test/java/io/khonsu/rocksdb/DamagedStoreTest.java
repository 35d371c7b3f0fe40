package io.khonsu.rocksdb;

import static org.assertj.core.api.Assertions.assertThat;

import io.khonsu.Khonsu;
import io.khonsu.Snapshot;
import io.khonsu.StorageException;
import io.khonsu.StoreConfig;
import io.khonsu.Table;
import io.khonsu.TableSpec;
import io.khonsu.durable.DurableStorage;
import io.khonsu.durable.LogKind;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A store whose process was killed, with each of its files lost, cut or changed: it is refused, or
 * has every commit. Never fewer, and never none.
 */
class DamagedStoreTest {
  private static final Schema SCHEMA =
      new Schema(
          List.of(
              Field.notNullable("id", new ArrowType.Int(32, true)),
              Field.notNullable("text", ArrowType.Utf8.INSTANCE)));
  private static final int FLUSHED = 60;
  private static final int COMMITS = 90;

  @TempDir private Path root;

  @ParameterizedTest
  @EnumSource(LogKind.class)
  void everyFile_damaged_isNoticedOrHarmless(LogKind log) throws IOException {
    Path killed = killedStore(log);
    assertThat(isRefused(killed, killed.resolve("khonsu.lock"), bytes -> bytes)).isFalse();
    List<String> refused = new ArrayList<>();
    for (Path file : files(killed)) {
      String name = killed.relativize(file).toString();
      if (!name.matches(".*(LOCK|lock|LOG|IDENTITY|OPTIONS-.*)")) {
        note(refused, name + " lost", isRefused(killed, file, _ -> null));
        note(refused, name + " emptied", isRefused(killed, file, _ -> new byte[0]));
        note(refused, name + " changed", isRefused(killed, file, DamagedStoreTest::changed));
      }
    }
    assertThat(refused)
        .contains("khonsu.store lost", "khonsu.store emptied")
        .anyMatch(each -> each.matches("log/.* lost"))
        .anyMatch(each -> each.matches("log/.*(log|seg) emptied"))
        .anyMatch(each -> each.matches("log/.*(log|seg) changed"))
        .anyMatch(each -> each.matches("state/.*sst lost"))
        .anyMatch(each -> each.matches("state/.*sst changed"))
        .anyMatch(each -> each.matches("state/CURRENT lost"))
        .anyMatch(each -> each.matches("state/MANIFEST.* changed"));
  }

  private static void note(List<String> refused, String what, boolean isRefused) {
    if (isRefused) {
      refused.add(what);
    }
  }

  /** One byte, in the middle of what is not the zeros at the end. */
  private static byte[] changed(byte[] bytes) {
    int end = bytes.length;
    while (end > 0 && bytes[end - 1] == 0) {
      end--;
    }
    byte[] changed = bytes.clone();
    if (end > 0) {
      changed[end / 2] ^= 0x20;
    }
    return changed;
  }

  /** {@return whether a copy with one damaged file is refused; else it must be whole} */
  private boolean isRefused(Path killed, Path file, Function<byte[], byte @Nullable []> damage)
      throws IOException {
    Path copy = Files.createTempDirectory(root, "copy").resolve("store");
    copy(killed, copy);
    Path target = copy.resolve(killed.relativize(file));
    byte[] damaged = damage.apply(Files.readAllBytes(target));
    Files.delete(target);
    if (damaged != null) {
      Files.write(target, damaged);
    }
    try (Khonsu db = Khonsu.open(copy)) {
      Table table = db.table("t").orElseThrow();
      try (Snapshot snapshot = db.snapshot()) {
        assertThat(snapshot.scan(table).rowCount()).as(target.toString()).isEqualTo(COMMITS);
      }
      return false;
    } catch (StorageException e) {
      assertThat(e).hasMessageContaining(": ");
      return true;
    }
  }

  /**
   * {@return a copy of the files of a store that is open, as the end of its process leaves them}
   */
  private Path killedStore(LogKind log) throws IOException {
    Path place = root.resolve("open");
    Path killed = root.resolve("killed");
    try (Khonsu db = Khonsu.open(place, StoreConfig.builder().log(log).build())) {
      Table table = db.createTable(TableSpec.rows("t", SCHEMA).primaryKey("id"));
      for (int i = 0; i < COMMITS; i++) {
        int id = i;
        db.run(tx -> tx.insert(table, table.row(id, "text of row " + id)));
        if (i == FLUSHED) {
          ((DurableStorage) db.storage().orElseThrow()).flushState();
        }
      }
      copy(place, killed);
    }
    return killed;
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Path target = to.resolve(from.relativize(file).toString());
        if (Files.isDirectory(file)) {
          Files.createDirectories(target);
        } else {
          writeUsed(target, Files.readAllBytes(file));
        }
      }
    }
  }

  /** Writes a file; a long run of zeros at its end is left to the file system. */
  private static void writeUsed(Path target, byte[] bytes) throws IOException {
    int end = bytes.length;
    while (end > 0 && bytes[end - 1] == 0) {
      end--;
    }
    Files.write(target, Arrays.copyOf(bytes, end));
    try (var file = new RandomAccessFile(target.toFile(), "rw")) {
      file.setLength(bytes.length);
    }
  }

  private static List<Path> files(Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      return files.filter(Files::isRegularFile).sorted().toList();
    }
  }
}
