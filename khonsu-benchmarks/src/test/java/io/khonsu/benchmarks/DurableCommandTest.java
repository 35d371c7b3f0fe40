package io.khonsu.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** The command runs through, and every contender keeps what it was given. */
class DurableCommandTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @Test
  void durable_allPeers_printsTableAndFilesAndLeavesNothing(@TempDir Path directory)
      throws IOException {
    Path disk = Files.createDirectory(directory.resolve("disk"));
    Path json = directory.resolve("durable.json");
    Path markdown = directory.resolve("durable.md");
    Path svg = directory.resolve("durable.svg");

    int exitCode =
        run(
            "durable --quick --rounds 1 --round-millis 20 --threads 2 --bytes 100 --crash-rows 1000 --dir %s"
                    .formatted(disk)
                + " --json %s --markdown %s --svg %s".formatted(json, markdown, svg));

    assertThat(err.toString()).contains("[1/3", "[3/3");
    assertThat(exitCode).isZero();
    assertThat(out.toString()).contains("Khonsu, log in segments opens 1,000 rows after a crash");
    assertThat(Files.readString(json)).contains("\"benchmark\": \"durable\"", "\"peer\": \"lmdb\"");
    for (DurablePeer peer : DurablePeer.values()) {
      assertThat(out.toString()).contains(peer.title());
      assertThat(Files.readString(markdown)).contains("| " + peer.title());
      assertThat(Files.readString(svg)).contains(">" + peer.title() + "<");
    }
    try (Stream<Path> left = Files.list(disk)) {
      assertThat(left).isEmpty();
    }
  }

  @Test
  void durable_badOptions_areBadUsage(@TempDir Path directory) {
    assertThat(run("durable --dir " + directory.resolve("absent")))
        .isEqualTo(CommandLine.ExitCode.USAGE);
    assertThat(err.toString()).contains("cannot write to the directory");
    assertThat(run("durable --bytes 3")).isEqualTo(CommandLine.ExitCode.USAGE);
    assertThat(err.toString()).contains("a value has from 4 to");
    assertThat(run("durable --crash-rows -1")).isEqualTo(CommandLine.ExitCode.USAGE);
    assertThat(err.toString()).contains("crash-rows must not be negative");
    assertThat(run("durable --threads 0")).isEqualTo(CommandLine.ExitCode.USAGE);
    assertThat(run("durable --peers oracle")).isEqualTo(CommandLine.ExitCode.USAGE);
    assertThat(err.toString()).contains("'oracle' is none of");
  }

  private int run(String arguments) {
    return BenchCommand.commandLine()
        .setOut(new PrintWriter(out))
        .setErr(new PrintWriter(err))
        .execute(arguments.split(" "));
  }
}
