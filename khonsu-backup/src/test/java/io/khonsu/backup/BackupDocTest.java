package io.khonsu.backup;

import static org.assertj.core.api.Assertions.assertThat;

import io.khonsu.Khonsu;
import io.khonsu.Row;
import io.khonsu.Snapshot;
import io.khonsu.Table;
import io.khonsu.TableSpec;
import io.khonsu.durable.DurableSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The example of docs/backup.md: it does what it says, and it is what stands there. */
class BackupDocTest {
  private static final Path SOURCE =
      Path.of("src", "test", "java", "io", "khonsu", "backup", "BackupDocTest.java");
  private static final Path PAGE = Path.of("..", "docs", "backup.md");
  private static final Schema SCHEMA =
      new Schema(
          List.of(
              Field.notNullable("id", ArrowType.Utf8.INSTANCE),
              Field.notNullable("balance", new ArrowType.Int(64, true))));

  @TempDir private Path root;

  @Test
  void example_bringsBackWhatWasDeleted() throws Exception {
    Path place = root.resolve("bank");
    Path restored = root.resolve("bank-restored");
    // region example
    ArchiveStore archive = DirectoryArchiveStore.create(root.resolve("archive"));
    try (Khonsu db = Khonsu.open(place);
        Archiver archiver = Archiver.start(db, archive, ArchiverOptions.defaults())) {
      Table accounts = db.createTable(TableSpec.rows("accounts", SCHEMA).primaryKey("id"));
      db.run(tx -> tx.insert(accounts, accounts.row("alice", 100L)));
      archiver.createBase("nightly", BackupProgress.NONE); // now and then
      db.run(tx -> tx.insert(accounts, accounts.row("bob", 20L)));
      archiver.createRestorePoint("before-cleanup", Duration.ofSeconds(30));
      db.dropTable(accounts); // oops
    }
    Backups backups = Backups.open(archive);
    RestorePlan plan = backups.plan(new RestoreTarget.AtPoint("before-cleanup"));
    backups.restore(plan, restored, DurableSettings.defaults(), BackupProgress.NONE);
    try (Khonsu db = Khonsu.open(restored);
        Snapshot snapshot = db.snapshot()) {
      List<Row> rows = snapshot.scan(db.table("accounts").orElseThrow()).rows();
      assert rows.size() == 2; // alice and bob are back
    }
    // endregion
    assertThat(plan.segments()).isEqualTo(1);
  }

  @Test
  void page_showsTheExample() throws Exception {
    if (Files.exists(PAGE)) {
      String source = Files.readString(SOURCE);
      String start = "// region example\n";
      String region =
          source
              .substring(source.indexOf(start) + start.length(), source.indexOf("// endregion"))
              .stripIndent();
      assertThat(Files.readString(PAGE)).contains("```java\n" + region + "```\n");
    }
  }
}
