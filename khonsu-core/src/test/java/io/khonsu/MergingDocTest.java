package io.khonsu;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.junit.jupiter.api.Test;

/** The examples of docs/merging.md: they run, and they stand there. */
class MergingDocTest {
  private static final Path SOURCE =
      Path.of("src", "test", "java", "io", "khonsu", "MergingDocTest.java");
  private static final Path PAGE = Path.of("..", "docs", "merging.md");
  private static final Schema ACCOUNTS =
      new Schema(
          List.of(
              Field.notNullable("id", ArrowType.Utf8.INSTANCE),
              Field.nullable("balance", new ArrowType.Int(64, true)),
              Field.nullable("lastSeen", new ArrowType.Int(64, true))));

  private final List<String> log = new ArrayList<>();

  @Test
  void examples_run() {
    // region config
    StoreConfig config =
        StoreConfig.builder()
            .mergeFunction(
                "withdraw",
                (row, operands) -> {
                  long left =
                      row.map(r -> r.getLong("balance")).orElse(0L) - (Long) operands.get(0);
                  if (left < 0) {
                    throw new IllegalStateException("not enough");
                  }
                  return row.orElseThrow().with("balance", left);
                })
            .build();
    Khonsu store = Khonsu.inMemory(config);
    // endregion
    try (Khonsu db = store) {
      Table accounts = db.createTable(TableSpec.rows("accounts", ACCOUNTS).primaryKey("id"));
      merge(db, accounts);
      merge(db, accounts);
      withdraw(db, accounts);
      db.run(tx -> tx.merge(accounts, Merges.custom("withdraw", 10L), "alice"));
      Optional<Row> row = db.readOnly(s -> s.get(accounts, "alice"));
      assertThat(row).contains(accounts.row("alice", 50L, 17L));
    }
    assertThat(log)
        .containsExactly(
            "withdraw(1000) cannot be merged into row (\"alice\") of table \"accounts\":"
                + " not enough");
  }

  private static void merge(Khonsu db, Table accounts) {
    // region merge
    db.run(tx -> {
      tx.merge(accounts, Merges.add("balance", 30), "alice");
      tx.merge(accounts, Merges.max("lastSeen", 17), "alice");
    });
    // endregion
  }

  private void withdraw(Khonsu db, Table accounts) {
    // region failure
    try {
      db.run(tx -> tx.merge(accounts, Merges.custom("withdraw", 1_000L), "alice"));
    } catch (MergeFailedException e) {
      log.add(e.getMessage()); // which row, which merge, why
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
    if (Files.exists(PAGE)) {
      String page = Files.readString(PAGE);
      for (String region : regions) {
        assertThat(page).contains("```java\n" + region + "```\n");
      }
    }
  }
}
