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

  /** {@return a plan that begins with some kind of fault} */
  private static TorturePlan beginningWith(
      Fault.Kind kind, Duration duration, FaultFamily... families) throws Exception {
    long seed = 1;
    while (!schedule(seed, families).getFirst().startsWith(kind.what())) {
      seed++;
    }
    try {
      return TorturePlan.of(seed, duration, Set.of(families));
    } catch (IOException e) {
      return abort(String.valueOf(e.getMessage()));
    }
  }

  /** A fault or two. */
  @Test
  void leaderKilled_andMaybeMore_nothingIsFound() throws Exception {
    run(beginningWith(Fault.Kind.KILL_LEADER, Duration.ofSeconds(3), FaultFamily.KILL));
  }

  /** A few; left out where the machine cannot do them. */
  @Test
  void diskOfLeaderFull_andPowerLost_andClocksWrong_nothingIsFound() throws Exception {
    run(
        beginningWith(
            Fault.Kind.FULL_DISK_OF_LEADER,
            Duration.ofSeconds(20),
            FaultFamily.FULL_DISK,
            FaultFamily.POWER_LOSS,
            FaultFamily.CLOCK));
  }

  @Test
  @Tag("long")
  void tenMinutesOfAllFaults_nothingIsFound() throws Exception {
    run(TorturePlan.ofAll(ThreadLocalRandom.current().nextLong(), Duration.ofMinutes(10)));
  }

  private static List<String> schedule(long seed, FaultFamily... families) {
    return TorturePlan.schedule(seed, Set.of(families), 400);
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
