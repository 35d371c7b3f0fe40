package io.khonsu.distributed;

import io.khonsu.consensus.Member;
import io.khonsu.consensus.ReplicaView;
import java.util.List;

/**
 * What a node knows of itself and of the others, at one moment.
 *
 * @param epochMillis when that was
 * @param node whose it is
 * @param leader the node that seems to lead, or 0
 * @param isLed whether that leader can make progress, as far as this node knows
 * @param appliedIndex how many entries are applied here
 * @param stateHash a digest of all that was applied: equal on all nodes at equal indices
 * @param version the newest version given to anything applied
 * @param membership what the node is in the cluster, and who else is
 * @param sessions how many sessions are open
 * @param consensus how far the consensus has come
 * @param peers what is known of every other member, by node
 * @param counts what happened here since the node was started
 * @param queues what waits here
 */
@SuppressWarnings("RecordComponentNumber") // a flat report, made in one place
public record NodeStatus(
    long epochMillis,
    long node,
    long leader,
    boolean isLed,
    long appliedIndex,
    long stateHash,
    long version,
    Membership membership,
    int sessions,
    Consensus consensus,
    List<Peer> peers,
    Counts counts,
    Queues queues) {

  /**
   * What a node is in its cluster.
   *
   * @param standing whether it takes part
   * @param member the node, with its disk
   * @param members who does, as far as it knows; while it joins, whom it was told of
   * @param isChanging whether it makes a change of the members now
   */
  public record Membership(
      Standing standing, Member member, ClusterMembers members, boolean isChanging) {
    /** Whether a node takes part. */
    public enum Standing {
      /** It waits to be added by a member. */
      JOINING,
      /** It takes part. */
      MEMBER,
      /** It does not any more. */
      REMOVED,
      /** It was removed, and the others may still need what it has. */
      LEAVING
    }
  }

  /**
   * How far the consensus has come. Indices count from the beginning of the cluster.
   *
   * @param role what the node does in it
   * @param phase where it is in the protocol
   * @param promised the highest ballot promised
   * @param accepted the ballot in which the log was accepted
   * @param ballotNumber the number of the highest ballot promised: how often a leader was elected,
   *     roughly
   * @param decidedIndex how many entries are decided
   * @param acceptedIndex how many are accepted
   * @param durableIndex how many of these are on disk
   * @param compactedIndex the first entry kept
   * @param snapshotIndex how many entries the newest checkpoint stands for, or 0
   * @param logBytes how many bytes of entries are kept in memory
   */
  @SuppressWarnings("RecordComponentNumber") // the same
  public record Consensus(
      String role,
      String phase,
      String promised,
      String accepted,
      long ballotNumber,
      long decidedIndex,
      long acceptedIndex,
      long durableIndex,
      long compactedIndex,
      long snapshotIndex,
      long logBytes) {}

  /**
   * Another member.
   *
   * @param node who
   * @param isConnected whether it answered in the last round of heartbeats
   * @param acceptedIndex how many entries it is known to have accepted
   * @param decidedIndex how many it is known to have decided
   * @param lag how many of this node's entries it is not known to have
   */
  public record Peer(
      long node, boolean isConnected, long acceptedIndex, long decidedIndex, long lag) {}

  /**
   * What happened since the node was started.
   *
   * @param commits requests that were applied and accepted, of whatever node
   * @param aborts requests that were applied and refused
   * @param snapshotsInstalled how often the node took over another's state
   * @param snapshotsRefused how often a state that another node has sent was bad
   * @param ballotsLed how many ballots of its own it began
   * @param refused messages refused for their cluster, incarnation or form
   */
  public record Counts(
      long commits,
      long aborts,
      long snapshotsInstalled,
      long snapshotsRefused,
      long ballotsLed,
      long refused) {}

  /**
   * What waits.
   *
   * @param submissions of this node, without an outcome yet
   * @param reads of this node, that must not be answered yet
   * @param batching submissions that wait at the leader for a place in the log
   * @param batchingBytes their size
   * @param inboxBytes what arrived and was not looked at
   */
  public record Queues(
      int submissions, int reads, int batching, long batchingBytes, long inboxBytes) {}

  /** Copies the list. */
  public NodeStatus {
    peers = List.copyOf(peers);
  }

  static Consensus consensus(ReplicaView view) {
    ReplicaView.Ballots ballots = view.ballots();
    ReplicaView.Log log = view.log();
    return new Consensus(
        view.role().name(),
        view.phase().name(),
        ballots.promise().toString(),
        ballots.acceptedRound().toString(),
        ballots.promise().number(),
        log.decidedIndex(),
        log.acceptedIndex(),
        log.durableIndex(),
        log.compactedIndex(),
        log.snapshotIndex(),
        log.sizeBytes());
  }

  static List<Peer> peers(ReplicaView view) {
    return view.peers().stream()
        .map(peer ->
            new Peer(
                peer.member().node(),
                peer.connected(),
                peer.acceptedIndex(),
                peer.decidedIndex(),
                peer.lag()))
        .toList();
  }
}
