package io.khonsu.server.torture;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Real processes that are hurt: what their clients saw is strictly serializable, nothing is lost.
 */
class TortureTest {
  private static final String PROGRAM = "io.khonsu.server.KhonsuCommand";

  @TempDir private Path root;

  private void run(long seed, Duration duration) throws Exception {
    System.out.println("seed " + seed);
    TortureReport report = Torture.run(root, PROGRAM, seed, duration, _ -> {});
    report.lines().forEach(System.out::println);
    assertThat(report.holds()).as("seed %d", seed).isTrue();
    assertThat(report.wounds()).isNotEmpty();
  }

  /** A fault or two. */
  @Test
  void leaderKilled_andMaybeMore_nothingIsFound() throws Exception {
    long seed = 1;
    while (!Torture.schedule(seed, 1).getFirst().startsWith(Fault.Kind.KILL_LEADER.what())) {
      seed++;
    }
    run(seed, Duration.ofSeconds(3));
  }

  @Test
  @Tag("long")
  void tenMinutesOfAllFaults_nothingIsFound() throws Exception {
    run(ThreadLocalRandom.current().nextLong(), Duration.ofMinutes(10));
  }

  @Test
  void schedule_followsFromTheSeed() {
    assertThat(Torture.schedule(3, 50)).isEqualTo(Torture.schedule(3, 50));
    assertThat(Torture.schedule(4, 50)).isNotEqualTo(Torture.schedule(3, 50));
    for (Fault.Kind kind : Fault.Kind.values()) {
      assertThat(Torture.schedule(3, 300)).anyMatch(line -> line.startsWith(kind.what()));
    }
  }
}
