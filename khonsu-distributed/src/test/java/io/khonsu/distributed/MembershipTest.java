package io.khonsu.distributed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.Khonsu;
import io.khonsu.NodePresence;
import io.khonsu.Snapshot;
import io.khonsu.Table;
import io.khonsu.TableSpec;
import io.khonsu.UnavailableException;
import io.khonsu.consensus.Member;
import io.khonsu.distributed.ChangeResult.Reason;
import io.khonsu.distributed.DistributedCommitManager.Surroundings;
import io.khonsu.distributed.NodeStatus.Membership.Standing;
import io.khonsu.spi.StorageRefusedException;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Nodes that join, leave and are replaced, over real threads. */
@Timeout(300)
class MembershipTest {
  private static final TableSpec COUNTERS =
      TableSpec.rows(
              "counters",
              new Schema(
                  List.of(
                      Field.notNullable("id", new ArrowType.Int(64, true)),
                      Field.notNullable("count", new ArrowType.Int(64, true)))))
          .primaryKey("id");

  private static long count(Khonsu store) {
    try (Snapshot snapshot = store.snapshot()) {
      Table table = store.table("counters").orElseThrow();
      return snapshot.get(table, 1L).map(row -> row.getLong("count")).orElse(0L);
    }
  }

  private static void increment(Khonsu store) {
    store.run(tx -> {
      Table table = store.table("counters").orElseThrow();
      long count = tx.get(table, 1L).map(row -> row.getLong("count")).orElse(0L);
      tx.upsert(table, table.row(1L, count + 1));
    });
  }

  private static void changed(Nodes nodes, long asked, MemberChange change) {
    assertThat(nodes.member(asked).changeMembers(change)).isInstanceOf(ChangeResult.Changed.class);
  }

  private static void refused(Nodes nodes, long asked, MemberChange change, Reason reason) {
    ChangeResult result = nodes.member(asked).changeMembers(change);
    assertThat(result)
        .isInstanceOfSatisfying(
            ChangeResult.Refused.class, refused -> assertThat(refused.reason()).isEqualTo(reason));
  }

  private static NodeStatus.Membership membership(Nodes nodes, long node) {
    return nodes.member(node).status().membership();
  }

  private static List<Long> members(Nodes nodes, long node) {
    return membership(nodes, node).members().current().stream()
        .map(entry -> entry.member().node())
        .toList();
  }

  @Test
  void cluster_growsShrinksAndReplaces_underLoad() throws Exception {
    AtomicBoolean isOver = new AtomicBoolean();
    try (Nodes nodes = new Nodes(1);
        ExecutorService threads = Executors.newSingleThreadExecutor();
        AutoCloseable _ = () -> isOver.set(true)) {
      Khonsu first = nodes.member(1).store();
      Table table = first.createTable(COUNTERS);
      assertThat(table.name()).isEqualTo("counters");
      Future<Long> load = threads.submit(() -> increments(first, isOver));
      nodes.join(2);
      nodes.join(3);
      changed(nodes, 1, new MemberChange(Map.of(2L, "node-2", 3L, "node-3"), Set.of()));
      nodes.join(4);
      nodes.join(5);
      changed(nodes, 1, MemberChange.add(4, "node-4"));
      changed(nodes, 1, MemberChange.add(5, "node-5"));
      assertThat(members(nodes, 1)).containsExactly(1L, 2L, 3L, 4L, 5L);
      nodes.stop(5); // it is dead
      nodes.join(6);
      changed(nodes, 1, MemberChange.replace(5, 6, "node-6"));
      changed(nodes, 1, MemberChange.remove(2));
      changed(nodes, 1, MemberChange.remove(3));
      isOver.set(true);
      long increments = load.get();
      for (long node : List.of(1L, 4L, 6L)) {
        assertThat(count(nodes.member(node).store())).isEqualTo(increments);
        assertThat(members(nodes, node)).containsExactly(1L, 4L, 6L);
      }
    }
  }

  private static long increments(Khonsu store, AtomicBoolean isOver) {
    long increments = 0;
    while (!isOver.get()) {
      increment(store);
      increments++;
    }
    return increments;
  }

  @Test
  void change_thatMakesNoSense_isRefused() throws Exception {
    try (Nodes nodes = new Nodes(1)) {
      first(nodes);
      refused(nodes, 1, MemberChange.add(1, "node-1"), Reason.ALREADY_A_MEMBER);
      refused(nodes, 1, MemberChange.remove(2), Reason.UNKNOWN_NODE);
      refused(nodes, 1, MemberChange.replace(2, 3, "node-3"), Reason.UNKNOWN_NODE);
      refused(nodes, 1, MemberChange.remove(1), Reason.BAD_SIZE);
      refused(nodes, 1, MemberChange.add(2, "node-1"), Reason.BAD_ADDRESS);
      Map<Long, String> many = new TreeMap<>();
      for (long node = 2; node <= 10; node++) {
        many.put(node, "node-" + node);
      }
      refused(nodes, 1, new MemberChange(many, Set.of()), Reason.BAD_SIZE);
      assertThatThrownBy(() -> new MemberChange(Map.of(), Set.of()))
          .hasMessageContaining("nothing is to change");
      assertThatThrownBy(() -> MemberChange.add(0, "node-0")).hasMessageContaining("positive");
    }
  }

  private static void first(Nodes nodes) {
    try (Snapshot snapshot = nodes.member(1).store().snapshot()) { // there is a leader then
      assertThat(snapshot.version()).isNotNegative();
    }
  }

  @Test
  void nodeThatDoesNotWaitToJoin_isNotAdded() throws Exception {
    try (Nodes nodes = new Nodes(1)) {
      first(nodes);
      nodes.start(Nodes.config(5, 2, 2), NodePresence.NEW, nodes.network().of(2));
      refused(nodes, 1, MemberChange.add(2, "node-2"), Reason.NOT_JOINING);
      nodes.start(Nodes.config(6, 3, 1, 3), NodePresence.JOINING, nodes.network().of(3));
      refused(nodes, 1, MemberChange.add(3, "node-3"), Reason.OTHER_CLUSTER);
      assertThat(members(nodes, 1)).containsExactly(1L);
    }
  }

  @Test
  void change_whileAnotherIsUnderWay_isRefused() throws Exception {
    CompletableFuture<ChangeResult> other = new CompletableFuture<>();
    try (Nodes nodes = new Nodes(1)) {
      first(nodes);
      DistributedCommitManager manager = nodes.member(1).manager();
      assertThat(manager.changeMembers(MemberChange.add(2, "node-2"), other::complete)).isTrue();
      refused(nodes, 1, MemberChange.add(3, "node-3"), Reason.OTHER_CHANGE);
    }
    assertThat(other.join()) // the node has ended while nobody answered
        .isInstanceOfSatisfying(
            ChangeResult.Refused.class,
            refused -> assertThat(refused.reason()).isEqualTo(Reason.NOT_HERE));
  }

  @Test
  void removal_thatWouldLeaveNoMajority_isRefused() throws Exception {
    try (Nodes nodes = new Nodes(3)) {
      first(nodes);
      nodes.stop(3);
      restartHasty(nodes);
      while (isConnected(nodes, 1, 3)) {
        Thread.sleep(1); // until heartbeats tell that it has gone
      }
      refused(nodes, 1, MemberChange.remove(2), Reason.NO_MAJORITY);
      assertThat(members(nodes, 1)).containsExactly(1L, 2L, 3L);
    }
  }

  private static boolean isConnected(Nodes nodes, long from, long to) {
    return nodes.member(from).status().peers().stream()
        .anyMatch(peer -> peer.node() == to && peer.isConnected());
  }

  @Test
  void nodeThatJoins_waits_andIsRefusedOnAnotherDisk() throws Exception {
    try (Nodes nodes = new Nodes(1)) {
      first(nodes);
      nodes.join(2);
      assertThat(membership(nodes, 2).standing()).isEqualTo(Standing.JOINING);
      assertThatThrownBy(() -> nodes.member(2).store().snapshot())
          .isInstanceOf(UnavailableException.class);
      assertThat(nodes.member(2).lead()).isFalse();
      refused(nodes, 2, MemberChange.add(3, "node-3"), Reason.NOT_HERE);
      Member disk = membership(nodes, 2).member();
      nodes.stop(2);
      Surroundings used =
          new Surroundings(
              Nodes.STORE,
              nodes.disk(nodes.joining(2), NodePresence.EXISTING),
              nodes.network().of(2),
              null,
              InstantSource.system(),
              Set.of());
      assertThatThrownBy(() -> Cluster.join(nodes.joining(2), NodePresence.JOINING, used))
          .isInstanceOf(StorageRefusedException.class)
          .hasMessageContaining("not empty");
      nodes.start(nodes.joining(2), NodePresence.EXISTING, nodes.network().of(2));
      assertThat(membership(nodes, 2).member()).isEqualTo(disk);
      changed(nodes, 1, MemberChange.add(2, "node-2"));
    }
  }

  @Test
  void memberWithoutItsDisk_isReplacedByItself() throws Exception {
    Map<Long, Nodes.Disks> disks = new TreeMap<>();
    Nodes.Disks each =
        (config, presence) ->
            disks
                .computeIfAbsent(config.member().node(), _ -> Nodes.inMemory())
                .open(config, presence);
    try (Nodes nodes = new Nodes(3, Nodes.STORE, each)) {
      first(nodes);
      nodes.stop(3);
      disks.remove(3L);
      nodes.join(3);
      refused(nodes, 1, MemberChange.add(3, "node-3"), Reason.ALREADY_A_MEMBER);
      assertThat(membership(nodes, 3).standing()).isEqualTo(Standing.JOINING);
      changed(nodes, 1, MemberChange.replace(3, 3, "node-3"));
      try (Snapshot snapshot = nodes.member(3).store().snapshot()) {
        assertThat(snapshot.version()).isNotNegative();
      } catch (UnavailableException _) {
        // it may need a moment more than the others
      }
      refused(nodes, 1, MemberChange.replace(3, 3, "node-3"), Reason.NOT_JOINING);
    }
  }

  @Test
  void nodeThatWasRemoved_saysSo_andMayComeBack() throws Exception {
    try (Nodes nodes = new Nodes(3)) {
      first(nodes);
      changed(nodes, 3, MemberChange.remove(3)); // it waits until the others need it no more
      assertThat(membership(nodes, 3).standing()).isEqualTo(Standing.REMOVED);
      assertThatThrownBy(() -> nodes.member(3).store().snapshot())
          .isInstanceOf(UnavailableException.class);
      nodes.stop(3);
      nodes.start(3, NodePresence.EXISTING);
      while (membership(nodes, 3).standing() != Standing.REMOVED) {
        assertThat(membership(nodes, 3).standing()).isEqualTo(Standing.LEAVING);
        Thread.sleep(1); // until the others have said that they need it no more
      }
      changed(nodes, 1, MemberChange.add(3, "node-three"));
      changed(nodes, 1, MemberChange.remove(2));
      nodes.stop(1);
      nodes.start(1, NodePresence.EXISTING); // with the file that it had at first
      assertThat(members(nodes, 1)).containsExactly(1L, 3L);
      assertThat(membership(nodes, 1).members().reachable()).containsEntry(3L, "node-three");
    }
  }

  @Test
  void nodes_leftTwoChangesAgo_areForgotten() throws Exception {
    try (Nodes nodes = new Nodes(3)) {
      first(nodes);
      changed(nodes, 1, MemberChange.remove(3));
      assertThat(nodes.network().strangers(1)).isEmpty();
      nodes.join(4);
      changed(nodes, 1, MemberChange.add(4, "node-4"));
      assertThat(nodes.network().strangers(1)).containsExactly(3L);
    }
  }

  @Test
  void memberThatMayNotCallTheNewOne_staysInTheCluster() throws Exception {
    try (Nodes nodes = new Nodes(3)) {
      first(nodes);
      nodes.stop(3);
      nodes.start(nodes.config(3), NodePresence.EXISTING, new Choosy(nodes.network().of(3)));
      nodes.join(4);
      refused(nodes, 3, MemberChange.add(4, "node-4"), Reason.BAD_ADDRESS);
      changed(nodes, 1, MemberChange.add(4, "node-4"));
      assertThat(nodes.member(3).store().createTable(COUNTERS)).isNotNull();
      assertThat(membership(nodes, 3).members().hasNode(4)).isTrue();
    }
  }

  /** Calls nobody at the address of node 4, as a transport does that has no certificate for it. */
  private record Choosy(Transport transport) implements Transport {
    @Override
    public void start(Receiver receiver) {
      transport.start(receiver);
    }

    @Override
    public void send(long node, byte[] frame) {
      transport.send(node, frame);
    }

    @Override
    public boolean isPeer(long node) {
      return transport.isPeer(node);
    }

    @Override
    public void setPeer(long node, String address) {
      if (address.equals("node-4")) {
        throw new IllegalArgumentException("not there");
      }
      transport.setPeer(node, address);
    }

    @Override
    public void removePeer(long node) {
      transport.removePeer(node);
    }

    @Override
    public void close() {
      transport.close();
    }
  }

  /** Files change, and say nothing about who is in a cluster that has begun. */
  @Test
  void nodeInTheFile_thatNobodyAdded_isNoMember() throws Exception {
    try (Nodes nodes = new Nodes(3)) {
      first(nodes);
      nodes.stop(1);
      nodes.start(
          nodes.joining(4).as(new Member(1, 0)), NodePresence.EXISTING, nodes.network().of(1));
      assertThat(members(nodes, 1)).containsExactly(1L, 2L, 3L);
      nodes.join(4);
      changed(nodes, 1, MemberChange.add(4, "node-4"));
      assertThat(members(nodes, 1)).containsExactly(1L, 2L, 3L, 4L);
    }
  }

  @Test
  void lead_onAnotherNode_makesItTheLeader() throws Exception {
    try (Nodes nodes = new Nodes(3)) {
      first(nodes);
      for (long node = 1; node <= 3; node++) {
        assertThat(nodes.member(node).lead()).isTrue();
        assertThat(nodes.member(node).lead()).isTrue(); // it does already
      }
    }
  }

  @Test
  void silentNode_isNotAdded() throws Exception {
    try (Nodes nodes = new Nodes(1)) {
      first(nodes);
      restartHasty(nodes);
      refused(nodes, 1, MemberChange.add(2, "node-2"), Reason.NOT_REACHABLE);
    }
  }

  /** Lets node 1 wait for nobody for long. */
  private static void restartHasty(Nodes nodes) throws IOException {
    nodes.stop(1);
    ClusterConfig.Times usual = nodes.config(1).times();
    ClusterConfig.Times hasty =
        new ClusterConfig.Times(
            usual.tick(),
            Duration.ofMillis(300),
            usual.resend(),
            usual.upkeep(),
            usual.snapshotAge(),
            usual.sessionAge());
    nodes.start(nodes.config(1).with(hasty), NodePresence.EXISTING, nodes.network().of(1));
  }

  @Test
  void members_encoded_areReadBack_andOthersRefused() {
    ClusterMembers first =
        ClusterMembers.of(Nodes.config(5, 1, 1, 2).members(), Map.of(1L, "a:1", 2L, "b:2"));
    ClusterMembers next = first.changed(Set.of(2L), Map.of(new Member(2, 77), "c:3"));
    assertThat(ClusterMembers.decode(next.encode())).isEqualTo(next);
    assertThat(next.hasLeft(new Member(2, 0))).isTrue();
    assertThat(next.reachable()).containsExactlyInAnyOrderEntriesOf(Map.of(1L, "a:1", 2L, "c:3"));
    byte[] bytes = next.encode();
    for (int length = 0; length < bytes.length; length++) {
      byte[] cut = Arrays.copyOf(bytes, length);
      assertThatThrownBy(() -> ClusterMembers.decode(cut))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }
}
