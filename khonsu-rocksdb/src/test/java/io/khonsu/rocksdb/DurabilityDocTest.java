package io.khonsu.rocksdb;

import static org.assertj.core.api.Assertions.assertThat;

import io.khonsu.Durability;
import io.khonsu.Khonsu;
import io.khonsu.RecordBatch;
import io.khonsu.Row;
import io.khonsu.Snapshot;
import io.khonsu.StoreConfig;
import io.khonsu.StoreStatistics;
import io.khonsu.Table;
import io.khonsu.TableSpec;
import io.khonsu.durable.LogKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.Pattern;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The examples of docs/durability.md: they run, and they stand there. */
class DurabilityDocTest {
  private static final Path SOURCE =
      Path.of("src", "test", "java", "io", "khonsu", "rocksdb", "DurabilityDocTest.java");
  private static final Path DOCS = Path.of("..", "docs");

  @TempDir private Path root;

  @Test
  void store_isThereAgain() {
    Schema schema =
        new Schema(
            List.of(
                Field.notNullable("id", ArrowType.Utf8.INSTANCE),
                Field.notNullable("balance", new ArrowType.Int(64, true))));
    Path directory = root.resolve("accounts");
    // region again
    try (Khonsu db = Khonsu.open(directory)) { // made if it is not there
      Table accounts = db.createTable(TableSpec.rows("accounts", schema).primaryKey("id"));
      db.run(tx -> tx.insert(accounts, accounts.row("alice", 100L)));
      // from here on alice survives kill -9 and a power failure
    }
    try (Khonsu db = Khonsu.open(directory)) {
      Table accounts = db.table("accounts").orElseThrow();
      Row alice = db.readOnly(snapshot -> snapshot.get(accounts, "alice").orElseThrow());
      assert alice.getLong("balance") == 100;
    }
    // endregion
  }

  @Test
  void modes_areChosen() {
    Path directory = root.resolve("events");
    // region modes
    StoreConfig config =
        StoreConfig.builder()
            .durability(Durability.async(Duration.ofMillis(50)))
            .log(LogKind.SEGMENTS)
            .build();
    try (Khonsu db = Khonsu.open(directory, config)) {
      assert db.tables().isEmpty();
    }
    // endregion
    assertThat(directory).isDirectoryContaining("glob:**/khonsu.store");
  }

  @Test
  void table_isLargerThanMemory() {
    Schema schema =
        new Schema(
            List.of(
                Field.notNullable("id", new ArrowType.Int(64, true)),
                Field.notNullable("text", ArrowType.Utf8.INSTANCE)));
    String text = "x".repeat(1_000);
    Path directory = root.resolve("large");
    // region larger
    StoreConfig config = StoreConfig.builder().memoryBudgetBytes(8 << 20).build();
    try (Khonsu db = Khonsu.open(directory, config)) {
      Table events = db.createTable(TableSpec.rows("events", schema).primaryKey("id"));
      for (long day = 0; day < 40; day++) {
        long first = day * 1_000;
        db.run(tx -> {
          for (long id = first; id < first + 1_000; id++) {
            tx.insert(events, events.row(id, text)); // a megabyte a day
          }
        });
      }
      StoreStatistics.Spilling spilling = db.statistics().spilling();
      assert spilling.residentBytes() < 10 << 20 && spilling.coldBytes() > 25 << 20;
      try (Snapshot snapshot = db.snapshot()) {
        long rows = 0;
        for (RecordBatch batch : snapshot.scan(events)) {
          rows += batch.rowCount();
          batch.close(); // gives its memory back now, and not only when the snapshot ends
        }
        assert rows == 40_000;
      }
    }
    // endregion
  }

  @Test
  void page_showsTheExamples() throws IOException {
    var marked = Pattern.compile("// region \\w+\n(.*?) *// endregion", Pattern.DOTALL);
    List<String> regions =
        marked
            .matcher(Files.readString(SOURCE))
            .results()
            .map(found -> found.group(1).stripTrailing().stripIndent() + "\n")
            .toList();
    assertThat(regions).hasSize(3);
    String page = Files.readString(DOCS.resolve("durability.md"));
    for (String region : regions) {
      assertThat(page).contains("```java\n" + region + "```\n");
    }
  }
}
