package io.khonsu.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import io.khonsu.distributed.ClientReply;
import io.khonsu.distributed.DistributedCommitManager;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The chained scenario: leader and a follower lose each other, and both reach the third node. */
class DetourTest {
  private static final long SETTLED = 300 * Scheduler.TICK;
  private static final long AFTERWARDS = 100 * Scheduler.TICK;

  private static DistributedCommitManager manager(ClusterWorld world, int node) {
    return Objects.requireNonNull(world.nodes().get(node - 1).responsive());
  }

  /** {@return what a client of a follower is told while that is cut off from the leader} */
  private static List<ClientReply> askInTheChain(String family, long seed) {
    ClusterWorld world = new ClusterWorld(ClusterSettings.named(family), Set.of(), seed);
    try {
      world.nodes().forEach(ClusterNode::start);
      world.runUntil(SETTLED);
      int leader = (int) manager(world, 1).status().leader();
      int follower = leader % 3 + 1;
      long ballot = manager(world, follower).status().consensus().ballotNumber();
      world.network().links().cutBothWays(leader, follower);
      world.runUntil(SETTLED + AFTERWARDS);

      List<ClientReply> replies = new ArrayList<>();
      assertThat(manager(world, follower).openSession(replies::add)).isTrue();
      assertThat(manager(world, follower).awaitCurrent(0, replies::add)).isTrue();
      world.nodes().get(follower - 1).wake();
      world.runUntil(SETTLED + 2 * AFTERWARDS);
      assertThat(manager(world, follower).status().leader()).isEqualTo(leader);
      assertThat(manager(world, follower).status().consensus().ballotNumber()).isEqualTo(ballot);
      return replies;
    } finally {
      world.close();
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void clientOfTheFollower_isAnswered_whileTheLinkIsCut(long seed) {
    assertThat(askInTheChain("detours-3", seed)).hasSize(2).allMatch(DetourTest::isAnswer);
  }

  /** What detours are for: who does not know of the cut makes none. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void clientOfTheFollower_isNotAnswered_whereNobodyKnowsOfTheCut(long seed) {
    assertThat(askInTheChain("partitions-3", seed)).noneMatch(DetourTest::isAnswer);
  }

  private static boolean isAnswer(ClientReply reply) {
    return reply instanceof ClientReply.Done || reply instanceof ClientReply.Current;
  }
}
