package io.khonsu.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ArrowCommandTest {
  @Test
  void arrow_small_printsEveryFigure(@TempDir Path directory) throws Exception {
    StringWriter out = new StringWriter();
    Path json = directory.resolve("arrow.json");
    int exit =
        BenchCommand.commandLine()
            .setOut(new PrintWriter(out))
            .execute(
                "arrow", "--quick", "--rows", "500", "--rounds", "1", "--json", json.toString());
    assertThat(exit).isZero();
    assertThat(out.toString()).contains("bulk upsert", "scan and sum", "heap bytes per row");
    assertThat(Files.readString(json)).contains("nanosPerRow");
  }

  @Test
  void arrow_withoutRows_isRefused() {
    StringWriter err = new StringWriter();
    int exit =
        BenchCommand.commandLine().setErr(new PrintWriter(err)).execute("arrow", "--rows", "0");
    assertThat(exit).isEqualTo(2);
    assertThat(err.toString()).contains("--rows");
  }
}
