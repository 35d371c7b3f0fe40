package io.khonsu.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Defects planted in the protocol, its driver and its disk: each is found within so many seeds. */
class PlantedDefectTest {
  /** As {@code docs/simulation.md} says. */
  @ParameterizedTest
  @CsvSource({
    "NO_FIX_1_SEND_FROM_SYNC, all-5, 5",
    "NO_FIX_2_DECIDED_NEVER_FALLS, disk-all-5, 42",
    "NO_FIX_3_DELTA_FROM_OLD_DECIDED, disk-all-5, 5",
    "NO_FIX_4_REPEATED_PREPARE, all-5, 18",
    "NO_FIX_6_STALE_SYNC, all-5, 45",
    "NO_FIX_10_SYNC_ABOVE_COMPACTED, members-all-5, 42",
    "NO_FIX_11_STOP_SIGN_ONCE, members-all-5, 5",
    "NO_FIX_12_FAIL_STOP, disk-all-5, 5",
    "PROMISE_NOT_PERSISTED, all-5, 5",
    "SEND_BEFORE_PERSIST, all-5, 5",
    "ACCEPTED_ROUND_NOT_PERSISTED, all-5, 5",
    "COUNT_OWN_UNSYNCED, all-5, 5",
    "DECIDE_ON_MINORITY, all-5, 5",
    "LEAD_ON_MINORITY, all-5, 5",
    "ACCEPT_QUORUM_PREPARES, members-all-5, 5",
    "ACCEPT_LOWER_BALLOT, all-5, 5",
    "PROMISE_LOWER_BALLOT, all-5, 5",
    "IGNORE_BEST_PROMISE, all-5, 5",
    "LONGEST_LOG_WINS, all-5, 5",
    "SYNC_FIRST_PAGE_ONLY, limits-all-5, 5",
    "SYNC_FROM_ACCEPTED_INDEX, all-5, 5",
    "SYNC_WITHOUT_TRUNCATION, all-5, 5",
    "IGNORE_SEQUENCE_GAP, all-5, 5",
    "RESUME_BALLOT_AFTER_RESTART, all-5, 5",
    "APPEND_BEHIND_STOP_SIGN, members-all-5, 5",
    "OLD_QUORUMS_AFTER_STOP_SIGN, members-all-5, 5",
    "SWITCH_ON_ACCEPTED_STOP_SIGN, members-all-5, 5",
    "JOIN_WITHOUT_LOG, members-all-5, 5",
    "READ_WITHOUT_CONFIRMATION, disk-all-5, 5",
    "READ_BEFORE_BARRIER, disk-all-5, 5",
    "IGNORE_INCARNATION, disk-loss-all-5, 18",
    "TRIM_UNDECIDED, members-all-5, 5",
    "LYING_SYNC, all-5, 5",
    "SPLIT_WRITE, disk-all-5, 114",
    "EARLY_SEND, all-5, 5",
    "AMNESIA, disk-loss-all-5, 5",
    "EARLY_REPORT, all-5, 5",
  })
  void defect_planted_isFound(String defect, String family, int seeds) {
    Settings settings = Families.named(family);
    Breakage breakage = Breakage.named(defect);
    for (long seed = 1; seed <= seeds; seed++) {
      if (!SimulationRun.run(settings, seed, breakage).passed()) {
        return;
      }
    }
    assertThat(seeds).as("%s was not found in %s by seeds 1 to %s", defect, family, seeds).isZero();
  }

  /** It is found once in two thousand seeds; these are two of them. */
  @ParameterizedTest
  @ValueSource(longs = {939962872521058L, 939962872521854L})
  void rareDefect_planted_isFound(long seed) {
    Settings settings = Families.named("stop-sign-partitions-crashes-snapshots-5");

    assertThat(SimulationRun.run(settings, seed, Breakage.NONE).passed()).isTrue();
    assertThat(SimulationRun.run(settings, seed, Breakage.named("FETCH_WITHOUT_PROMISE")).passed())
        .isFalse();
  }
}
