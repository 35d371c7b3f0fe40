package io.khonsu.consensus;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A replica's state at one moment, for dashboards, metrics and checks.
 *
 * @param identity who it is
 * @param configuration the configuration in force and where it starts, or null while joining
 * @param role what it does
 * @param phase where it is in the protocol
 * @param ballots what it promised and accepted, and whom it believes to lead
 * @param log its indices
 * @param peers what it knows of every other member, by node
 * @param counters what it counted since it started
 */
public record ReplicaView(
    Identity identity,
    @Nullable Configuration configuration,
    Role role,
    Phase phase,
    Ballots ballots,
    Log log,
    List<Peer> peers,
    Counters counters) {
  /** Takes a copy. */
  public ReplicaView {
    peers = List.copyOf(peers);
  }

  /** {@return the node that seems to lead, or 0} */
  public long leader() {
    return ballots.promise().node();
  }

  /**
   * Ballots.
   *
   * @param promise the highest promised
   * @param acceptedRound the one in which the log was accepted
   * @param own the one by which this replica leads or would lead
   * @param elected the one that the election believes to lead
   * @param happy whether that leader can make progress, as far as this replica knows
   */
  public record Ballots(
      Ballot promise, Ballot acceptedRound, Ballot own, Ballot elected, boolean happy) {}

  /**
   * Indices, all counts from the beginning of the cluster.
   *
   * @param compactedIndex the first entry kept
   * @param decidedIndex how many are decided
   * @param durableIndex how many are on disk, of those accepted
   * @param acceptedIndex how many are accepted
   * @param configurationStart where the configuration begins
   * @param snapshotIndex the index of the own snapshot, or 0
   * @param sizeBytes how many bytes of entries are kept in memory, each entry with 16 more
   */
  public record Log(
      long compactedIndex,
      long decidedIndex,
      long durableIndex,
      long acceptedIndex,
      long configurationStart,
      long snapshotIndex,
      long sizeBytes) {}

  /**
   * Another member.
   *
   * @param member who
   * @param connected whether it answered in the last heartbeat round
   * @param acceptedIndex how many entries it is known to have accepted
   * @param decidedIndex how many it is known to have decided
   * @param lag how many of this replica's entries it is not known to have
   */
  public record Peer(
      Member member, boolean connected, long acceptedIndex, long decidedIndex, long lag) {}

  /**
   * Counts since the start.
   *
   * @param ballotsLed how many ballots of its own it started
   * @param synchronizations how many AcceptSyncs it sent or applied
   * @param gaps how many gaps it noticed
   * @param refused how many messages it refused for their cluster, incarnation or form
   * @param pendingBytes the size of proposals that wait
   * @param pendingReads how many reads wait
   */
  public record Counters(
      long ballotsLed,
      long synchronizations,
      long gaps,
      long refused,
      long pendingBytes,
      int pendingReads) {}
}
