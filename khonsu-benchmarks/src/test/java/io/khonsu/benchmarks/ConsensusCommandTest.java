package io.khonsu.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConsensusCommandTest {
  @Test
  void consensus_quick_printsEverySetting(@TempDir Path directory) throws Exception {
    StringWriter out = new StringWriter();
    Path json = directory.resolve("consensus.json");
    int exit =
        BenchCommand.commandLine()
            .setOut(new PrintWriter(out))
            .execute("consensus", "--quick", "--json", json.toString());
    assertThat(exit).isZero();
    assertThat(out.toString()).contains("decided/s");
    assertThat(Files.readString(json)).contains("5 replicas, 128 B, batch 1000");
  }

  @Test
  void tick_withoutWork_allocatesNothing() {
    ConsensusBenchmark.Setting setting = new ConsensusBenchmark.Setting(3, 8, 10);
    assertThat(new ConsensusBenchmark(setting).run(1, 20).idleBytes()).isLessThan(1);
  }
}
