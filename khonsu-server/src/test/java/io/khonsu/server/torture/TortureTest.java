package io.khonsu.server.torture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
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

  private void run(TorturePlan plan) throws Exception {
    System.out.println("seed " + plan.seed());
    TortureReport report = Torture.run(root, PROGRAM, plan, _ -> {});
    report.lines().forEach(System.out::println);
    assertThat(report.holds()).as("seed %d", plan.seed()).isTrue();
    assertThat(report.wounds()).isNotEmpty();
  }

  /** {@return a plan with some kind of fault as the first, and a time in which there are few} */
  private static TorturePlan beginningWith(Fault.Kind kind, FaultFamily family) throws Exception {
    long seed = 0;
    TorturePlan plan;
    do {
      seed++;
      plan = new TorturePlan(seed, Duration.ofSeconds(3), Set.of(family), Map.of());
    } while (!plan.schedule(1).getFirst().startsWith(kind.what()));
    try {
      return TorturePlan.of(seed, plan.duration(), plan.families());
    } catch (IOException e) {
      return abort(e.getMessage());
    }
  }

  @Test
  void leaderKilled_andMaybeMore_nothingIsFound() throws Exception {
    run(beginningWith(Fault.Kind.KILL_LEADER, FaultFamily.KILL));
  }

  @Test
  void clockOfLeaderWrong_andMaybeMore_nothingIsFound() throws Exception {
    run(beginningWith(Fault.Kind.CLOCK_OF_LEADER, FaultFamily.CLOCK));
  }

  @Test
  void diskOfLeaderFull_andMaybeMore_nothingIsFound() throws Exception {
    run(beginningWith(Fault.Kind.FULL_DISK_OF_LEADER, FaultFamily.FULL_DISK));
  }

  @Test
  void allLosePower_andMaybeMore_nothingIsFound() throws Exception {
    run(beginningWith(Fault.Kind.POWER_LOSS_OF_ALL, FaultFamily.POWER_LOSS));
  }

  @Test
  @Tag("long")
  void tenMinutesOfAllFaults_nothingIsFound() throws Exception {
    run(TorturePlan.ofAll(ThreadLocalRandom.current().nextLong(), Duration.ofMinutes(10)));
  }

  private static List<String> schedule(long seed, FaultFamily... families) {
    return new TorturePlan(seed, Duration.ofSeconds(1), Set.of(families), Map.of()).schedule(400);
  }

  @Test
  void schedule_followsFromTheSeed() {
    FaultFamily[] all = FaultFamily.values();
    assertThat(schedule(3, all)).isEqualTo(schedule(3, all)).isNotEqualTo(schedule(4, all));
    for (Fault.Kind kind : Fault.Kind.values()) {
      assertThat(schedule(3, all)).anyMatch(line -> line.startsWith(kind.what()));
    }
  }

  @Test
  void schedule_hasTheFaultsThatWereChosen() {
    assertThat(schedule(3, FaultFamily.KILL)).allMatch(line -> line.startsWith("kill -9 of "));
    assertThat(schedule(3, FaultFamily.CLOCK))
        .allMatch(line -> line.matches(".*clock is wrong by [-+][0-9,]+ s .*"))
        .anyMatch(line -> line.matches(".* by [+]\\d\\d,\\d{3} s .*"))
        .anyMatch(line -> line.matches(".* by -\\d s .*"));
  }

  @Test
  void plan_withoutFaults_isRefused() {
    assertThatThrownBy(() -> new TorturePlan(1, Duration.ofSeconds(1), Set.of(), Map.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("full-disk, power-loss");
  }
}
