package io.khonsu.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** The command runs through; what it measures then is of no interest. */
class StmCommandTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private static final String TINY =
      "stm --quick --rounds 1 --round-millis 20 --keys 1000 --threads 2";

  @Test
  void stm_twoPeers_printsTableVerdictAndJson(@TempDir Path directory) throws IOException {
    Path json = directory.resolve("stm.json");

    int exitCode = run(TINY + " --load rw-uniform,scan --peers khonsu-key,striped --json " + json);

    assertThat(exitCode).isZero();
    assertThat(out.toString())
        .contains("2 reads + 2 writes, uniform, 2 threads", "scan/scans", "scan/writes")
        .contains("goal rw-uniform >= 0.7 x the limit: Khonsu by key");
    assertThat(err.toString()).contains("takes about", "[1/2", "[2/2");
    assertThat(Files.readString(json)).contains("\"peer\": \"khonsu-key\"", "\"reached\": ");
  }

  @Test
  void stm_peerThatCannot_hasADashAndAReason(@TempDir Path directory) throws Exception {
    Path markdown = directory.resolve("page.md");
    Path svg = directory.resolve("chart.svg");
    Files.writeString(
        markdown, "before\n<!-- begin bench stm -->\nold\n<!-- end bench stm -->\nafter\n");

    int exitCode =
        run(
            TINY
                + " --load ycsb-e --peers khonsu-ref,scala-ref --markdown "
                + markdown
                + " --svg "
                + svg);

    assertThat(exitCode).isZero();
    assertThat(out.toString()).contains("no ranges in key order");
    assertThat(Files.readString(markdown))
        .startsWith("before\n<!-- begin bench stm -->\n![Khonsu beside its peers](chart.svg)\n\n")
        .contains("| ScalaSTM Ref | - |", "A dash: ycsb-e: no ranges in key order")
        .endsWith("<!-- end bench stm -->\nafter\n")
        .doesNotContain("old");
    assertThat(barCount(svg)).isEqualTo(1);
  }

  @Test
  void stm_unknownPeer_isBadUsage() {
    assertThat(run("stm --peers oracle")).isEqualTo(CommandLine.ExitCode.USAGE);
    assertThat(err.toString()).contains("'oracle' is none of");
  }

  @Test
  void stm_badNumbers_areBadUsage() {
    assertThat(run("stm --keys 7")).isEqualTo(CommandLine.ExitCode.USAGE);
    assertThat(err.toString()).contains("keys must be even and from 200 to");
    assertThat(run("stm --threads 0")).isEqualTo(CommandLine.ExitCode.USAGE);
    assertThat(err.toString()).contains("must be positive");
  }

  @Test
  void stm_fileThatCannotBeWritten_isBadUsageBeforeAnythingRuns(@TempDir Path directory)
      throws IOException {
    Path page = Files.writeString(directory.resolve("page.md"), "no lines\n");

    assertThat(run("stm --json " + directory.resolve("absent/stm.json")))
        .isEqualTo(CommandLine.ExitCode.USAGE);
    assertThat(err.toString()).contains("cannot write");
    assertThat(run("stm --markdown " + page)).isEqualTo(CommandLine.ExitCode.USAGE);
    assertThat(err.toString()).contains("has no line <!-- begin bench stm -->");
  }

  private static int barCount(Path svg) throws Exception {
    return DocumentBuilderFactory.newInstance()
        .newDocumentBuilder()
        .parse(svg.toFile())
        .getElementsByTagName("rect")
        .getLength();
  }

  private int run(String arguments) {
    return BenchCommand.commandLine()
        .setOut(new PrintWriter(out))
        .setErr(new PrintWriter(err))
        .execute(arguments.split(" "));
  }
}
