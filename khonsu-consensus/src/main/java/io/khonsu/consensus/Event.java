package io.khonsu.consensus;

import java.util.List;

/** Something that happened in a {@link Replica} and that its driver may want to act on. */
public sealed interface Event {
  /** This replica leads: it accepts proposals in {@code ballot}. */
  record BecameLeader(Ballot ballot) implements Event {}

  /** This replica follows the leader of {@code ballot}, or tries to. */
  record FollowsLeader(Ballot ballot) implements Event {}

  /** Why something was refused. */
  enum Reason {
    /** A stop-sign ends the configuration: propose again when the next has begun. */
    RECONFIGURING,
    /** This replica is not a member of the configuration in force. */
    NOT_A_MEMBER,
    /** Too much is waiting already: propose again later. */
    OVERLOADED,
    /** Only the leader does this. */
    NOT_LEADER,
    /** The configuration's id is not above that of the one in force. */
    OUTDATED_CONFIGURATION,
    /** Not every member is known to have decided that much. */
    NOT_DECIDED_BY_ALL,
    /** That much is not decided. */
    NOT_DECIDED,
    /** The replica stopped after its storage failed. */
    FAILED,
    /** One entry is larger than a message may be. */
    TOO_LARGE
  }

  /** These entries will not be decided by this proposal: nobody has seen them. */
  record ProposalsRejected(Entries entries, Reason reason) implements Event {}

  /** This reconfiguration will not be decided by this proposal. */
  record ReconfigurationRejected(StopSign stopSign, Reason reason) implements Event {}

  /** The configuration in force is now {@code configuration}; this replica may be in it or not. */
  record ConfigurationStarted(Configuration configuration, long startIndex, boolean member)
      implements Event {}

  /** This replica was a member and is not any more. It still helps others to catch up. */
  record Removed(Configuration configuration) implements Event {}

  /** A quorum of the configuration in force has all that a removed replica had: shut it down. */
  record Retired(Configuration configuration) implements Event {}

  /**
   * Some replica needs a snapshot that stands for at least {@code minIndex} entries, or the log
   * here has half of {@link ReplicaOptions.Limits#logBytesMax}: take one, or trim.
   */
  record SnapshotWanted(long minIndex) implements Event {}

  /** The staged snapshot is installed: the state is now that of the snapshot. */
  record SnapshotInstalled(SnapshotId snapshot) implements Event {}

  /** The entries below {@code compactedIndex} are gone. */
  record Trimmed(long compactedIndex) implements Event {}

  /**
   * Nothing was trimmed.
   *
   * @param bound the highest index that would be accepted
   */
  record TrimRefused(long index, long bound, Reason reason) implements Event {}

  /** Linearizable reads may be served once {@code index} entries are applied. */
  record ReadReady(List<Long> ids, long index) implements Event {
    /** Takes a copy. */
    public ReadReady {
      ids = List.copyOf(ids);
    }
  }

  /** These reads must be asked for again: there is no leader, or it changed. */
  record ReadRejected(List<Long> ids) implements Event {
    /** Takes a copy. */
    public ReadRejected {
      ids = List.copyOf(ids);
    }
  }

  /** A message of {@code peer} is missing: its stream is being repaired. */
  record GapDetected(Member peer, long expectedCounter, long counter) implements Event {}

  /** A message came from, or for, an incarnation that is not in the configuration. */
  record IncarnationRefused(Member from, Member to) implements Event {}
}
