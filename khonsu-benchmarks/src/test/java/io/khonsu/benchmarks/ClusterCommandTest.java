package io.khonsu.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** The command runs through with real processes, and leaves nothing behind. */
class ClusterCommandTest {
  private static final String SHORT =
      "cluster --quick --rounds 1 --round-millis 50 --loads 2x100 --dir %s";

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @TempDir private Path directory;

  @Test
  void nodes_haveTheFlagsOfTheLauncher() throws IOException {
    assertThat(Files.readString(Path.of("..", "khonsu")))
        .contains("compiler_flags=\"" + String.join(" ", NodeCache.COMPILER_FLAGS) + "\"")
        .contains("heap_flags=\"$heap_flags -Xlog:pagesize=off " + ChildProcess.HUGE_PAGES + "\"");
  }

  @Test
  void cluster_khonsuAndItsClientBesideTheDisk_printsTablesAndFilesAndLeavesNothing()
      throws IOException {
    Path disk = Files.createDirectory(directory.resolve("disk"));
    Path json = directory.resolve("cluster.json");
    Path markdown = directory.resolve("cluster.md");
    Path svg = directory.resolve("cluster.svg");

    int exitCode =
        run(
            SHORT.formatted(disk)
                + " --kills 1 --stalls 1 --peers khonsu,khonsu-client,disk --json %s --markdown %s --svg %s"
                    .formatted(json, markdown, svg));

    assertThat(err.toString()).contains("[1/6", "[6/6");
    assertThat(exitCode).isZero();
    assertThat(out.toString())
        .contains(
            "Khonsu, in the leader",
            "Khonsu, its client",
            "leader kill to next commit",
            "stand still");
    assertThat(Files.readString(json))
        .contains(
            "\"benchmark\": \"cluster\"",
            "\"failovers\"",
            "\"peer\": \"khonsu\"",
            "\"peer\": \"khonsu-client\"");
    assertThat(Files.readString(markdown)).contains("| fdatasync");
    assertThat(Files.readString(svg)).contains(">fdatasync<");
    try (Stream<Path> left = Files.list(disk)) {
      assertThat(left).isEmpty();
    }
  }

  /** Each process of a peer warms up for itself, so this takes minutes on a slow machine. */
  @Tag("long")
  @Test
  void cluster_allPeers_areMeasured() {
    int exitCode = run(SHORT.formatted(directory) + " --kills 1");

    assertThat(err.toString()).doesNotContain("Exception");
    assertThat(exitCode).isZero();
    for (ClusterPeer peer : ClusterPeer.values()) {
      assertThat(out.toString()).contains(peer.title());
    }
  }

  @Test
  void cluster_badOptions_areBadUsage() {
    assertThat(run("cluster --dir " + directory.resolve("absent")))
        .isEqualTo(CommandLine.ExitCode.USAGE);
    assertThat(err.toString()).contains("cannot write to the directory");
    assertThat(run("cluster --loads 16")).isEqualTo(CommandLine.ExitCode.USAGE);
    assertThat(err.toString()).contains("a load is CLIENTSxBYTES");
    assertThat(run("cluster --loads 0x100")).isEqualTo(CommandLine.ExitCode.USAGE);
    assertThat(err.toString()).contains("at least one client");
    assertThat(run("cluster --kills -1")).isEqualTo(CommandLine.ExitCode.USAGE);
    assertThat(run("cluster --stalls -1")).isEqualTo(CommandLine.ExitCode.USAGE);
    assertThat(run("cluster --peers oracle")).isEqualTo(CommandLine.ExitCode.USAGE);
    assertThat(err.toString()).contains("'oracle' is none of");
  }

  private int run(String arguments) {
    return BenchCommand.commandLine()
        .setOut(new PrintWriter(out))
        .setErr(new PrintWriter(err))
        .execute(arguments.split(" "));
  }
}
