package io.khonsu.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.khonsu.Khonsu;
import io.khonsu.Table;
import io.khonsu.TableSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands that look after an archive and restore from it. */
class BackupCommandsTest {
  private static final Schema SCHEMA =
      new Schema(
          List.of(
              Field.notNullable("id", ArrowType.Utf8.INSTANCE),
              Field.nullable("note", ArrowType.Utf8.INSTANCE)));

  @TempDir private Path root;

  private Path archive = Path.of("");
  private Path store = Path.of("");
  private long version;

  @BeforeEach
  void makeAStore() {
    archive = root.resolve("archive");
    store = root.resolve("store");
    version = insert("alice", "1, \"2\"");
  }

  private long insert(String id, String note) {
    try (Khonsu db = Khonsu.open(store)) {
      Table table =
          db.table("notes")
              .orElseGet(() -> db.createTable(TableSpec.rows("notes", SCHEMA).primaryKey("id")));
      db.run(tx -> tx.insert(table, table.row(id, note)));
      return db.newestVersion();
    }
  }

  @Test
  void everyDay_fromBackupToExport() throws Exception {
    CommandRun created = run("backup", "create", "--store", store, "--label", "first");
    assertThat(created.out()).startsWith("base of version " + version);
    assertThat(created.exitCode()).isZero();
    assertThat(run("restore-point", "create", "alice-only").exitCode()).isZero();
    long later = insert("bob", "");
    assertThat(run("backup", "create", "--store", store, "--json").out())
        .contains("\"version\": " + later);

    assertThat(run("backup", "list").out()).contains(version + "", later + "", "first");
    CommandRun status = run("backup", "status");
    assertThat(status.out())
        .contains("2 base backups", "versions 0 to " + later, "restore point alice-only");
    assertThat(status.exitCode()).isZero();
    for (Object[] depth :
        List.of(
            new Object[] {"--files"},
            new Object[] {"--data"},
            new Object[] {"--restore", root.resolve("scratch")})) {
      CommandRun verified = run(concat(new Object[] {"backup", "verify"}, depth));
      assertThat(verified.out()).contains("all is well", "restorable: versions 0 to " + later);
      assertThat(verified.exitCode()).isZero();
    }

    Path restored = root.resolve("restored");
    CommandRun dry = run("restore", "--to-point", "alice-only", "--into", restored, "--dry-run");
    assertThat(dry.out()).contains("base of version " + version);
    assertThat(restored).doesNotExist();
    CommandRun done = run("restore", "--to-point", "alice-only", "--into", restored, "--json");
    assertThat(done.out()).contains("\"restoredVersion\": " + version);
    assertThat(rows(restored)).isEqualTo(1);
    assertThat(run("restore", "--latest", "--into", restored).exitCode())
        .isEqualTo(ExitCode.USAGE.code());
    assertThat(run("restore", "--to-version", later, "--into", root.resolve("both")).exitCode())
        .isZero();
    assertThat(rows(root.resolve("both"))).isEqualTo(2);

    Path csv = root.resolve("notes.csv");
    assertThat(run("export", "notes", "--format", "csv", "--out", csv).exitCode()).isZero();
    assertThat(csv).hasContent("id,note\r\nalice,\"1, \"\"2\"\"\"\r\nbob,\"\"\r\n");
    assertThat(run("export", "notes", "--out", root.resolve("notes.arrow")).out())
        .startsWith("2 rows of notes");
    Path filled = Files.createDirectory(root.resolve("filled"));
    Files.createDirectories(filled.resolve("khonsu-scratch-of-a-killed-run/state"));
    Files.createFile(filled.resolve("precious"));
    assertThat(run("backup", "create", "--scratch", filled).exitCode()).isZero();
    assertThat(filled.toFile().list()).containsExactly("precious");
    assertThat(root.resolve("notes.arrow.scratch")).doesNotExist();
  }

  @Test
  void prune_refusesToLoseRestorePoints() throws Exception {
    run("backup", "create", "--store", store);
    insert("bob", "");
    run("restore-point", "create", "alice-only");
    insert("carol", "");
    run("backup", "create", "--store", store);

    CommandRun refused = run("backup", "prune", "--keep-bases", "1");
    assertThat(refused.exitCode()).isEqualTo(ExitCode.ANSWER_IS_NO.code());
    assertThat(refused.err()).contains("alice-only");
    assertThat(run("backup", "prune", "--keep-bases", "1", "--dry-run", "--json").out())
        .contains("\"dryRun\": true", "alice-only");
    assertThat(run("backup", "prune", "--keep-bases", "1", "--force").out())
        .contains("took away 1 base backups", "restore point lost: alice-only");
    assertThat(run("backup", "prune", "--window", "14d").exitCode()).isZero();
    assertThat(run("restore", "--to-point", "alice-only", "--into", root.resolve("x")).err())
        .contains("there is no restore point alice-only");
  }

  @Test
  void damage_isNamed_withExitCode6() throws Exception {
    run("backup", "create", "--store", store);
    Path manifest;
    try (var files = Files.walk(archive.resolve("t0001/shard-00/base"))) {
      manifest = files.filter(Files::isRegularFile).findFirst().orElseThrow();
    }
    byte[] bytes = Files.readAllBytes(manifest);
    bytes[20] ^= 1;
    Files.write(manifest, bytes);

    CommandRun verified = run("backup", "verify", "--json");
    assertThat(verified.exitCode()).isEqualTo(ExitCode.CORRUPTION.code());
    assertThat(verified.out()).contains("t0001/shard-00/base/", "\"clean\": false");
  }

  @Test
  void mistakes_areExplained() throws Exception {
    assertFails(ExitCode.USAGE, "no directory", "backup", "status");
    Files.createDirectory(archive);
    assertFails(ExitCode.USAGE, "holds no archive", "backup", "status");
    assertFails(
        ExitCode.USAGE, "no directory", "backup", "create", "--store", root.resolve("absent"));
    run("backup", "create", "--store", store);
    assertFails(
        ExitCode.ANSWER_IS_NO,
        "what can: versions 0 to " + version,
        "restore",
        "--to-time",
        "2999-01-01T00:00:00Z",
        "--into",
        root.resolve("x"));
    assertFails(ExitCode.USAGE, "14d", "backup", "prune", "--window", "14 days");
    assertFails(ExitCode.USAGE, "what is to stay?", "backup", "prune");
    assertFails(ExitCode.USAGE, "1 to 1000000", "backup", "prune", "--keep-bases", "0");
    assertFails(ExitCode.USAGE, "restore point is called", "restore-point", "create", "../x");
    assertFails(ExitCode.USAGE, "an instant as", "restore", "--to-time", "now", "--into", "x");
    assertFails(
        ExitCode.USAGE, "but: notes", "export", "other", "--out", root.resolve("other.csv"));
    try (Khonsu open = Khonsu.open(store)) {
      assertFails(ExitCode.UNAVAILABLE, "open", "backup", "create", "--store", store);
      assertThat(open.tables()).hasSize(1);
    }
    assertFails(ExitCode.USAGE, "Missing required argument", "backup", "create");
    Path scratch = root.resolve("scratch");
    assertFails(
        ExitCode.USAGE, "exclusive", "backup", "create", "--store", store, "--scratch", scratch);
    Path file = Files.createFile(root.resolve("file"));
    assertFails(ExitCode.USAGE, "no directory", "backup", "create", "--scratch", file);
    assertFails(ExitCode.USAGE, "no directory", "backup", "verify", "--restore", file);
    assertFails(ExitCode.USAGE, "--scratch", "restore", "--latest", "--into-cluster", "khonsu://x");
    assertFails(
        ExitCode.USAGE,
        "khonsu://",
        "restore",
        "--latest",
        "--into-cluster",
        "127.0.0.1:1",
        "--scratch",
        scratch);
    assertThat(scratch).doesNotExist();
    assertThat(CommandRun.of("backup").exitCode()).isEqualTo(ExitCode.USAGE.code());
    assertThat(CommandRun.of("restore-point").exitCode()).isEqualTo(ExitCode.USAGE.code());
  }

  private void assertFails(ExitCode exitCode, String message, Object... args) {
    CommandRun failed = run(args);
    assertThat(failed.err()).contains(message);
    assertThat(failed.exitCode()).isEqualTo(exitCode.code());
  }

  private CommandRun run(Object... args) {
    return CommandRun.of(concat(args, new Object[] {"--archive", archive}));
  }

  private static Object[] concat(Object[] first, Object[] second) {
    Object[] all = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, all, first.length, second.length);
    return all;
  }

  private static long rows(Path directory) throws IOException {
    try (Khonsu db = Khonsu.open(directory)) {
      return db.readOnly(snapshot -> snapshot.scan(db.table("notes").orElseThrow()).rowCount());
    }
  }
}
