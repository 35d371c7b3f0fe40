package io.khonsu.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** The command runs through; what it measures then is of no interest. */
class StmCommandTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @Test
  void stm_twoPeers_printsTableVerdictAndJson(@TempDir Path directory) throws IOException {
    Path json = directory.resolve("stm.json");

    int exitCode =
        run(
            "stm --quick --rounds 1 --round-millis 20 --keys 1000 --threads 2 --load rw-uniform"
                + " --peers khonsu-key,striped --json "
                + json);

    assertThat(exitCode).isZero();
    assertThat(out.toString())
        .contains("rw-uniform, 2 threads", "goal rw-uniform, Khonsu by key >= 0.5 x map");
    assertThat(Files.readString(json)).contains("\"peer\": \"khonsu-key\"", "\"reached\": ");
  }

  @Test
  void stm_unknownPeer_isBadUsage() {
    assertThat(run("stm --peers oracle")).isEqualTo(CommandLine.ExitCode.USAGE);
    assertThat(err.toString()).contains("'oracle' is none of");
  }

  private int run(String arguments) {
    return BenchCommand.commandLine()
        .setOut(new PrintWriter(out))
        .setErr(new PrintWriter(err))
        .execute(arguments.split(" "));
  }
}
