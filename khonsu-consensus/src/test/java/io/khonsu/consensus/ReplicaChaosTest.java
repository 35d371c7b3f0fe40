package io.khonsu.consensus;

import static org.assertj.core.api.Assertions.assertThat;

import io.khonsu.consensus.deviation.Deviation;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Small clusters under random faults. The simulation module does this at length. */
class ReplicaChaosTest {
  private static final int SEEDS = Integer.getInteger("khonsu.chaos.seeds", 150);
  private static final long FIRST = Long.getLong("khonsu.chaos.first", 1);

  @Test
  void clusters_underRandomFaults_agreeAndConverge() {
    for (long seed = FIRST; seed < FIRST + SEEDS; seed++) {
      try {
        new Chaos(seed, Set.of()).run();
      } catch (AssertionError | RuntimeException e) {
        throw new AssertionError("seed " + seed + "; replay with -Dkhonsu.chaos.first=" + seed, e);
      }
    }
  }

  /** The faults and checks are worth something: they find mistakes. */
  @ParameterizedTest
  @EnumSource(
      names = {
        "NO_FIX_1_SEND_FROM_SYNC",
        "NO_FIX_3_DELTA_FROM_OLD_DECIDED",
        "NO_FIX_10_SYNC_ABOVE_COMPACTED",
        "ACCEPTED_ROUND_NOT_PERSISTED",
        "COUNT_OWN_UNSYNCED",
        "DECIDE_ON_MINORITY",
        "LEAD_ON_MINORITY",
        "ACCEPT_QUORUM_PREPARES",
        "ACCEPT_LOWER_BALLOT",
        "PROMISE_LOWER_BALLOT",
        "IGNORE_BEST_PROMISE",
        "LONGEST_LOG_WINS",
        "SYNC_FROM_ACCEPTED_INDEX",
        "SYNC_WITHOUT_TRUNCATION",
        "SYNC_FIRST_PAGE_ONLY",
        "IGNORE_SEQUENCE_GAP",
        "RESUME_BALLOT_AFTER_RESTART",
        "APPEND_BEHIND_STOP_SIGN",
        "OLD_QUORUMS_AFTER_STOP_SIGN",
        "SWITCH_ON_ACCEPTED_STOP_SIGN",
        "JOIN_WITHOUT_LOG",
        "READ_WITHOUT_CONFIRMATION",
        "READ_BEFORE_BARRIER"
      })
  void plantedMistake_isFoundWithin400Seeds(Deviation deviation) {
    assertThat(firstFailure(deviation)).isLessThanOrEqualTo(400);
  }

  private static long firstFailure(Deviation deviation) {
    for (long seed = 1; seed <= 400; seed++) {
      try {
        new Chaos(seed, Set.of(deviation)).run();
      } catch (AssertionError | RuntimeException _) {
        return seed;
      }
    }
    return Long.MAX_VALUE;
  }
}
