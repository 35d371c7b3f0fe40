package io.khonsu;

import static org.assertj.core.api.Assertions.assertThat;

import io.khonsu.mvcc.ConflictStrategy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.junit.jupiter.api.Test;

/** The example of the README: it compiles, it does what it says, and it is what stands there. */
class ReadmeExampleTest {
  private static final Path SOURCE =
      Path.of("src", "test", "java", "io", "khonsu", "ReadmeExampleTest.java");
  private static final Path README = Path.of("..", "README.md");

  @Test
  void example_runs() {
    // region example
    Schema schema =
        new Schema(
            List.of(
                Field.notNullable("id", ArrowType.Utf8.INSTANCE),
                Field.notNullable("balance", new ArrowType.Int(64, true))));

    try (Khonsu db = Khonsu.inMemory()) {
      Table accounts = db.createTable(TableSpec.rows("accounts", schema).primaryKey("id"));
      db.run(tx -> {
        tx.insert(accounts, accounts.row("alice", 100L));
        tx.insert(accounts, accounts.row("bob", 20L));
      });

      // A transfer: serializable, run again by itself if it collides with another.
      db.run(tx -> {
        Row alice = tx.get(accounts, "alice").orElseThrow();
        Row bob = tx.get(accounts, "bob").orElseThrow();
        tx.update(accounts, alice.with("balance", alice.getLong("balance") - 30));
        tx.update(accounts, bob.with("balance", bob.getLong("balance") + 30));
      });

      // A snapshot never waits and never aborts; its columns are Arrow vectors.
      long total = 0;
      try (Snapshot snapshot = db.snapshot()) {
        for (RecordBatch batch : snapshot.scan(accounts)) {
          BigIntVector balances = (BigIntVector) batch.vector("balance");
          for (int i = 0; i < batch.rowCount(); i++) {
            total += balances.get(i);
          }
        }
      }
      assert total == 120;

      // Two write one row: the strategy of the second says what becomes of its write.
      TransactionOptions ignore = TransactionOptions.snapshot().onConflict(ConflictStrategy.IGNORE);
      try (Transaction tx = db.begin(ignore)) {
        tx.upsert(accounts, accounts.row("bob", 0L));
        db.run(other -> other.upsert(accounts, accounts.row("bob", 75L)));
        CommitReceipt receipt = tx.commit();
        assert receipt.ignored().size() == 1; // WRITE_WRITE on ("bob") of accounts with ...
      }
    }
    // endregion
  }

  @Test
  void readme_showsTheExample() throws IOException {
    String region = region(Files.readString(SOURCE));
    assertThat(region).startsWith("Schema schema =").endsWith("}\n");
    if (Files.exists(README)) {
      assertThat(Files.readString(README)).contains("```java\n" + region + "```\n");
    }
  }

  /** {@return the text between the markers, as far to the left as it goes} */
  private static String region(String source) {
    var marked = Pattern.compile("// region example\n(.*?) *// endregion", Pattern.DOTALL);
    var matcher = marked.matcher(source);
    assertThat(matcher.find()).isTrue();
    return matcher.group(1).stripTrailing().stripIndent() + "\n";
  }
}
