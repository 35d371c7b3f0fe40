package io.khonsu.simulation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.consensus.deviation.Deviation;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Partitions that stay: recovery within the bounds, and leaders that come to rest. */
class PartitionTest {
  private static final int SEEDS = 30;

  /** A hundredth and a fifth of an election timeout, and a little less than half of one. */
  @ParameterizedTest
  @ValueSource(longs = {10, 200, 450})
  void partitions_recoverInTime(long delay) {
    List<String> lines = new ArrayList<>();

    assertThat(ConsensusSimulation.partitions(1, SEEDS, delay, lines::add))
        .as("%s", lines)
        .isZero();
    assertThat(lines).hasSize(Partition.values().length);
  }

  @Test
  void quorumLoss_repliesCountedTwice_isNeverNoticed() {
    Breakage broken = Breakage.of(Deviation.NO_FIX_8_REPLIES_BY_SENDER);

    assertThatThrownBy(() -> PartitionRun.run(Partition.QUORUM_LOSS_DUPLICATES, 10, 1, broken))
        .isInstanceOf(InvariantViolation.class)
        .hasMessageContaining("nothing decided");
  }
}
