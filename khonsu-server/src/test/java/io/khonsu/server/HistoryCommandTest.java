package io.khonsu.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code khonsu history}: what it writes and finds, its exit codes. */
class HistoryCommandTest {
  /** Both transactions read what the other writes: write skew. */
  private static final String WRITE_SKEW =
      """
      {:index 0 :time 1 :process 0 :type :invoke :f :txn :value [[:r 1 nil] [:append 2 10]]}
      {:index 1 :time 2 :process 1 :type :invoke :f :txn :value [[:r 2 nil] [:append 1 20]]}
      {:index 2 :time 3 :process 0 :type :ok :f :txn :value [[:r 1 []] [:append 2 10]]}
      {:index 3 :time 4 :process 1 :type :ok :f :txn :value [[:r 2 []] [:append 1 20]]}
      {:index 4 :time 5 :process 0 :type :invoke :f :txn :value [[:r 1 nil] [:r 2 nil]]}
      {:index 5 :time 6 :process 0 :type :ok :f :txn :value [[:r 1 [20]] [:r 2 [10]]]}
      """;

  @TempDir private Path directory;

  @ParameterizedTest
  @CsvSource({
    "append, read-committed",
    "append, SNAPSHOT",
    "append, repeatable_read",
    "append, serializable",
    "REGISTER, read-committed",
    "register, snapshot",
    "register, repeatable-read",
    "register, serializable"
  })
  void store_keepsWhatItsLevelPromises(String kind, String level) {
    Path file = directory.resolve("h.edn");

    CommandRun run =
        CommandRun.of(
            "history",
            "--kind",
            kind,
            "--isolation",
            level,
            "--transactions",
            2_000,
            "--keys",
            4,
            "--out",
            file);

    assertThat(run.exitCode()).as(run.out() + run.err()).isZero();
    assertThat(run.out()).contains("committed", "promised", "promises was kept.");
    assertThat(file).content().startsWith("{:index 0 ").contains(":type :ok");

    CommandRun again = CommandRun.of("history", "--check", file, "--isolation", level);
    assertThat(again.exitCode()).as(again.out()).isZero();
    assertThat(verdicts(again)).isEqualTo(verdicts(run));
  }

  /** {@return all but the title} */
  private static String verdicts(CommandRun run) {
    return run.out().substring(run.out().indexOf('\n'));
  }

  @Test
  void outMinus_printsTheHistoryAloneOnOut() {
    CommandRun run = CommandRun.of("history", "--transactions", 100, "--out", "-");

    assertThat(run.exitCode()).isZero();
    assertThat(run.out().lines())
        .isNotEmpty()
        .allSatisfy(line -> assertThat(line).startsWith("{:index ").endsWith("}"));
    assertThat(run.err()).contains("strict-serializable", "What serializable promises was kept.");
  }

  @Test
  void file_existing_isOverwrittenByForceOnly() throws IOException {
    Path file = Files.writeString(directory.resolve("h.edn"), "precious");

    CommandRun refused = CommandRun.of("history", "--transactions", 10, "--out", file);
    assertThat(refused.exitCode()).isEqualTo(2);
    assertThat(refused.err()).contains("h.edn exists", "--force");
    assertThat(file).hasContent("precious");

    CommandRun forced = CommandRun.of("history", "--transactions", 10, "--out", file, "--force");
    assertThat(forced.exitCode()).isZero();
    assertThat(file).content().startsWith("{:index 0 ");
  }

  @Test
  void check_historyWithWriteSkew_dependsOnTheLevel() throws IOException {
    Path file = Files.writeString(directory.resolve("skew.edn"), WRITE_SKEW);

    CommandRun serializable = CommandRun.of("history", "--check", file);
    assertThat(serializable.exitCode()).isEqualTo(1);
    assertThat(serializable.out())
        .containsPattern("snapshot +valid")
        .containsPattern("strict-serializable +not valid +promised")
        .contains("WRITE_SKEW: T0 ", "FAILED: WHAT serializable PROMISES WAS NOT KEPT.");

    CommandRun snapshot = CommandRun.of("history", "--check", file, "--isolation", "snapshot");
    assertThat(snapshot.exitCode()).isZero();
    assertThat(snapshot.out()).contains("Found, and allowed: write-skew").doesNotContain("T0");
  }

  @ParameterizedTest
  @CsvSource({
    "--isolation, chaos, 'read-committed, snapshot, repeatable-read, serializable, but was chaos'",
    "--kind, queue, 'append, register, but was queue'",
    "--seconds, 0, --seconds must be 1 to 3600",
    "--transactions, 0, --transactions must be 1 to",
    "--threads, 300, --threads must be 1 to 256",
    "--keys, 0, --keys must be 1 to",
    "--out, absent/h.edn, there is no directory",
    "--out, src, it is a directory",
    "--check, absent.edn, there is no file absent.edn"
  })
  void badOption_isBadUsage(String option, String value, String message) {
    CommandRun run = CommandRun.of("history", option, value);

    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err()).startsWith("khonsu history: ").contains(message, "history --help");
    assertThat(run.out()).isEmpty();
  }

  @Test
  void check_withOut_isBadUsage() {
    CommandRun run = CommandRun.of("history", "--check", "a.edn", "--out", "b.edn");

    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err()).contains("--check runs nothing");
  }

  @Test
  void check_noHistory_namesTheLine() throws IOException {
    Path file = Files.writeString(directory.resolve("bad.edn"), "\n{:index oops\n");

    CommandRun run = CommandRun.of("history", "--check", file);

    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err()).contains("bad.edn", "line 2");
  }
}
