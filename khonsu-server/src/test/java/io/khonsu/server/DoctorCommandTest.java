package io.khonsu.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.khonsu.Khonsu;
import io.khonsu.StoreConfig;
import io.khonsu.Table;
import io.khonsu.TableSpec;
import io.khonsu.durable.LogKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** {@code khonsu doctor} explains what it finds, and changes nothing. */
class DoctorCommandTest {
  private static final Schema SCHEMA =
      new Schema(List.of(Field.notNullable("id", ArrowType.Utf8.INSTANCE)));

  @TempDir private Path root;

  @ParameterizedTest
  @EnumSource(LogKind.class)
  void store_whole_isSaidToBe_andLeftAsItIs(LogKind log) throws IOException {
    Path store = store(log);
    Map<String, String> before = files(store);
    CommandRun run = CommandRun.of("doctor", store);
    assertThat(run.exitCode()).as(run.out() + run.err()).isZero();
    assertThat(run.out())
        .contains("The store is whole.")
        .containsPattern("items +3\\R")
        .containsPattern("tables +1\\R")
        .containsPattern("commitsToReplay +none");
    assertThat(files(store)).isEqualTo(before);
    CommandRun json = CommandRun.of("doctor", "--json", store);
    assertThat(json.out()).contains("\"verdict\": \"WHOLE\"", "\"items\": 3", "\"problems\": []");
  }

  @Test
  void store_open_cannotBeLookedAt() {
    Path place = root.resolve("open");
    try (Khonsu db = Khonsu.open(place)) {
      assertThat(db.tables()).isEmpty();
      CommandRun run = CommandRun.of("doctor", place);
      assertThat(run.exitCode()).isEqualTo(3);
      assertThat(run.out()).contains("IN_USE");
    }
  }

  @Test
  void noStore_isTheAnswer() throws IOException {
    assertThat(CommandRun.of("doctor", root.resolve("nowhere")).exitCode()).isEqualTo(1);
    Files.writeString(root.resolve("document"), "hello");
    assertThat(CommandRun.of("doctor", root).exitCode()).isEqualTo(1);
  }

  @ParameterizedTest
  @EnumSource(LogKind.class)
  void log_lost_isDataLoss(LogKind log) throws IOException {
    Path store = store(log);
    try (Stream<Path> files = Files.list(store.resolve("log"))) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    CommandRun run = CommandRun.of("doctor", store);
    assertThat(run.exitCode()).isEqualTo(6);
    assertThat(run.out()).contains("DATA_LOSS", "restore a backup");
  }

  @Test
  void log_ofAnotherStore_isForeign() throws IOException {
    Path store = store(LogKind.SEGMENTS);
    Path other = store(LogKind.SEGMENTS);
    Files.move(store.resolve("log"), root.resolve("own"));
    Files.move(other.resolve("log"), store.resolve("log"));
    CommandRun run = CommandRun.of("doctor", store);
    assertThat(run.exitCode()).isEqualTo(6);
    assertThat(run.out()).contains("FOREIGN_PART");
  }

  private Path store(LogKind log) throws IOException {
    Path place = Files.createTempDirectory(root, "store").resolve("db");
    try (Khonsu db = Khonsu.open(place, StoreConfig.builder().log(log).build())) {
      Table table = db.createTable(TableSpec.rows("t", SCHEMA).primaryKey("id"));
      for (String id : List.of("a", "b", "c")) {
        db.run(tx -> tx.insert(table, table.row(id)));
      }
    }
    return place;
  }

  private static Map<String, String> files(Path directory) throws IOException {
    Map<String, String> files = new TreeMap<>();
    try (Stream<Path> found = Files.walk(directory)) {
      for (Path file : found.filter(Files::isRegularFile).toList()) {
        String hash = Integer.toHexString(Arrays.hashCode(Files.readAllBytes(file)));
        files.put(directory.relativize(file).toString(), hash);
      }
    }
    return files;
  }
}
