package io.khonsu.server.node;

import io.khonsu.distributed.ClusterMembers;
import io.khonsu.distributed.NodeStatus;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A node's status as maps, lists, strings, numbers and booleans. */
final class StatusTree {
  private StatusTree() {}

  static Map<String, Object> of(NodeStatus status, @Nullable String problem) {
    NodeStatus.Consensus consensus = status.consensus();
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("node", status.node());
    tree.put("leader", status.leader());
    tree.put("healthy", problem == null);
    tree.put("problem", problem == null ? "" : problem);
    tree.put("standing", status.membership().standing().name());
    tree.put("members", members(status.membership().members()));
    tree.put("changingMembers", status.membership().isChanging());
    tree.put("role", consensus.role());
    tree.put("phase", consensus.phase());
    tree.put("promisedBallot", consensus.promised());
    tree.put("acceptedBallot", consensus.accepted());
    tree.put("decidedIndex", consensus.decidedIndex());
    tree.put("acceptedIndex", consensus.acceptedIndex());
    tree.put("durableIndex", consensus.durableIndex());
    tree.put("appliedIndex", status.appliedIndex());
    tree.put("compactedIndex", consensus.compactedIndex());
    tree.put("snapshotIndex", consensus.snapshotIndex());
    tree.put("logBytes", consensus.logBytes());
    tree.put("stateHash", String.format("%016x", status.stateHash()));
    tree.put("version", status.version());
    tree.put("sessions", status.sessions());
    tree.put("epochMillis", status.epochMillis());
    tree.put("peers", status.peers().stream().map(StatusTree::of).toList());
    tree.put("counts", of(status.counts()));
    tree.put("queues", of(status.queues()));
    return tree;
  }

  /** {@return who is in the cluster} */
  static List<Map<String, Object>> members(ClusterMembers members) {
    return members.current().stream().map(StatusTree::of).toList();
  }

  private static Map<String, Object> of(ClusterMembers.Entry entry) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("node", entry.node());
    tree.put("incarnation", entry.incarnation());
    tree.put("address", entry.address());
    return tree;
  }

  private static Map<String, Object> of(NodeStatus.Peer peer) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("node", peer.node());
    tree.put("connected", peer.isConnected());
    tree.put("acceptedIndex", peer.acceptedIndex());
    tree.put("decidedIndex", peer.decidedIndex());
    tree.put("lag", peer.lag());
    return tree;
  }

  private static Map<String, Object> of(NodeStatus.Counts counts) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("commits", counts.commits());
    tree.put("aborts", counts.aborts());
    tree.put("snapshotsInstalled", counts.snapshotsInstalled());
    tree.put("snapshotsRefused", counts.snapshotsRefused());
    tree.put("ballotsLed", counts.ballotsLed());
    tree.put("refusedMessages", counts.refused());
    return tree;
  }

  private static Map<String, Object> of(NodeStatus.Queues queues) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("submissions", queues.submissions());
    tree.put("reads", queues.reads());
    tree.put("batching", queues.batching());
    tree.put("batchingBytes", queues.batchingBytes());
    tree.put("inboxBytes", queues.inboxBytes());
    return tree;
  }
}
