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

/** The command runs through; what it measures then is of no interest. */
class BackupCommandTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @Test
  void backup_smallStore_printsFiguresAndLeavesNothing(@TempDir Path directory) throws IOException {
    Path disk = Files.createDirectory(directory.resolve("disk"));
    Path json = directory.resolve("backup.json");

    int exitCode = run("backup --quick --megabytes 1 --dir %s --json %s".formatted(disk, json));

    assertThat(exitCode).isZero();
    assertThat(out.toString()).contains("verifying all bytes", "restoring", "goal commit p99");
    assertThat(Files.readString(json)).contains("\"benchmark\": \"backup\"", "\"beside\"");
    try (Stream<Path> left = Files.list(disk)) {
      assertThat(left).isEmpty();
    }
  }

  @Test
  void backup_badOptions_areBadUsage(@TempDir Path directory) {
    assertThat(run("backup --megabytes 0")).isEqualTo(CommandLine.ExitCode.USAGE);
    assertThat(err.toString()).contains("megabytes must be from 1 to");
    assertThat(run("backup --dir " + directory.resolve("absent")))
        .isEqualTo(CommandLine.ExitCode.USAGE);
    assertThat(err.toString()).contains("cannot write to the directory");
  }

  private int run(String arguments) {
    return BenchCommand.commandLine()
        .setOut(new PrintWriter(out))
        .setErr(new PrintWriter(err))
        .execute(arguments.split(" "));
  }
}
