package io.khonsu.consensus;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Two reconfigurations one right after the other: node 4 takes the place of 3, then 1 leaves. A
 * replica crashes at one write; that is done for every write of the undisturbed run.
 */
class ReconfigurationCrashTest {
  /** What a crash takes away. */
  enum Crash {
    /** The whole output. */
    OUTPUT,
    /** The write, and what waits for it; what may leave at once has left. */
    WRITE,
    /** What waits for the write, which is done. */
    MESSAGES
  }

  @Test
  void undisturbed_getsThere() {
    Cluster cluster = new Cluster(Integer.MAX_VALUE, Crash.OUTPUT);
    cluster.run();
    assertThat(cluster.writes).isGreaterThan(20);
  }

  @ParameterizedTest
  @EnumSource
  void crash_atAnyWrite_isSurvived(Crash crash) {
    boolean crashed = true;
    for (int write = 1; crashed; write++) {
      Cluster cluster = new Cluster(write, crash);
      try {
        cluster.run();
      } catch (AssertionError | RuntimeException e) {
        throw new AssertionError(crash + " lost at write " + write, e);
      }
      crashed = cluster.crashed;
    }
  }

  /** Ends a step before anything of it is carried out. */
  private static final class CrashNow extends RuntimeException {
    private static final long serialVersionUID = 1;
  }

  /** Replicas whose messages arrive in the next round. */
  private static final class Cluster {
    private static final int ROUNDS = 300;
    private static final int LAST_CRASH_ROUND = 150;
    private static final int DOWN_ROUNDS = 12;
    private static final ReplicaOptions OPTIONS = ReplicaOptions.defaults().withTicks(4, 8, 1);
    private static final Configuration FIRST = Configuration.ofNodes(1, 1, 2, 3);
    private static final List<Configuration> NEXT =
        List.of(Configuration.ofNodes(2, 1, 2, 4), Configuration.ofNodes(3, 2, 4));

    private final TreeMap<Long, Node> nodes = new TreeMap<>();
    private final List<Envelope> network = new ArrayList<>();
    private final int crashAt;
    private final Crash crash;
    private int writes;
    private boolean mayCrash;
    private boolean crashed;
    private @Nullable Node victim;

    private Cluster(int crashAt, Crash crash) {
      this.crashAt = crashAt;
      this.crash = crash;
      for (long id = 1; id <= 4; id++) {
        Identity identity = new Identity(7, new Member(id, 0));
        nodes.put(id, new Node(identity, OPTIONS, Set.of(), network::add, this::observe));
      }
      FIRST.members().forEach(member -> node(member.node()).bootstrap(FIRST));
      node(4).join();
    }

    private Node node(long id) {
      return Invariants.present(nodes.get(id), "it exists");
    }

    /** Counts writes, and crashes at one: before, or after what may leave at once has left. */
    private void observe(Node node, Output output) {
      if (!mayCrash || output.persist() == null || ++writes != crashAt) {
        return;
      }
      crashed = true;
      victim = node;
      if (crash == Crash.OUTPUT) {
        throw new CrashNow();
      }
    }

    private void run() {
      nodes.values().forEach(Node::forceAll);
      int down = 0;
      mayCrash = true;
      step(node(1), new Input.Campaign());
      for (int round = 0; round < ROUNDS; round++) {
        mayCrash = round < LAST_CRASH_ROUND;
        List<Envelope> arriving = List.copyOf(network);
        network.clear();
        arriving.forEach(envelope -> step(node(envelope.to().node()), new Input.Receive(envelope)));
        for (Node node : nodes.values()) {
          step(node, Input.TICK);
        }
        pursue(round);
        if (victim != null && ++down == DOWN_ROUNDS) {
          victim.restart(victim.member().node() == 4 ? null : FIRST);
          victim = null;
        }
      }
      check();
    }

    private void step(Node node, Input input) {
      if (!node.isUp()) {
        return;
      }
      try {
        node.step(input);
      } catch (CrashNow e) {
        node.crash();
      }
      if (node == victim && node.isUp()) {
        if (crash == Crash.WRITE) {
          node.crash();
        } else {
          node.crashAfterWriting();
        }
      }
      if (node.isUp()) {
        node.forceAll();
      }
      if (node == victim && node.isUp()) {
        node.crash(); // The write came from reporting another.
      }
    }

    /** Clients and an operator that ask again until they have what they want. */
    private void pursue(int round) {
      if (round % 15 != 0) {
        return;
      }
      Node node = node(round % 2 == 0 ? 2 : 1);
      if (!node.isUp()) {
        return;
      }
      Configuration now = node.replica().view().configuration();
      long id = now == null ? 0 : now.id();
      step(node, new Input.Propose(Texts.entries("in" + id)));
      if (node.isUp() && round > 30) {
        for (Configuration next : NEXT) {
          step(node, new Input.Reconfigure(next, Bytes.EMPTY));
        }
      }
    }

    private void check() {
      List<String> all = node(2).applied();
      assertThat(all).contains("in1", "stop2", "stop3", "in3");
      assertThat(all.indexOf("stop2")).isLessThan(all.indexOf("stop3"));
      assertThat(node(4).applied()).isEqualTo(all);
      for (long id : List.of(1L, 3L)) {
        List<String> log = node(id).applied();
        assertThat(all.subList(0, log.size())).isEqualTo(log);
      }
      for (Node node : nodes.values()) {
        boolean isMember = NEXT.getLast().contains(node.member());
        assertThat(node.replica().view().role() != Role.PASSIVE).isEqualTo(isMember);
      }
    }
  }
}
