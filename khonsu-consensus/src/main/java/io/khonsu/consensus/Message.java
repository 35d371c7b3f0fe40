package io.khonsu.consensus;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What replicas say to each other. */
public sealed interface Message {
  // Election.

  /** Asks a peer how it is, once per election timeout. */
  record HeartbeatRequest(long round) implements Message {}

  /**
   * Answers a {@link HeartbeatRequest} of that round.
   *
   * @param ballot the ballot by which the sender leads or would lead
   * @param leader whom the sender follows
   * @param happy whether the sender has a leader that can make progress, as far as it knows
   * @param durableAccepted how many entries the sender has on disk
   * @param durableDecided how many of them it knows to be decided
   * @param compactedIndex the first entry it keeps
   */
  record HeartbeatReply(
      long round,
      Ballot ballot,
      Ballot leader,
      boolean happy,
      long durableAccepted,
      long durableDecided,
      long compactedIndex)
      implements Message {}

  // Sequence Paxos.

  /** Asks whoever leads to prepare the sender again: it restarted or missed something. */
  record PrepareRequest(Ballot promise) implements Message {}

  /** Asks for a promise, and says what the candidate has, so that only what is newer comes back. */
  record Prepare(Ballot ballot, long decidedIndex, Ballot acceptedRound, long acceptedIndex)
      implements Message {}

  /** Promises to accept nothing below {@code ballot}; brings the log if it is the newer one. */
  record Promise(
      Ballot ballot,
      Ballot acceptedRound,
      long acceptedIndex,
      long decidedIndex,
      @Nullable LogSync sync)
      implements Message {}

  /** Makes a follower's log equal to the leader's, and opens a session: it has counter 1 there. */
  record AcceptSync(Ballot ballot, long session, long decidedIndex, LogSync sync)
      implements Message {}

  /** Asks a follower to append entries at {@code startIndex}, a stop-sign last. */
  record AcceptDecide(
      Ballot ballot,
      long session,
      long counter,
      long startIndex,
      List<Entries> entries,
      long decidedIndex)
      implements Message {
    /** Takes a copy. */
    public AcceptDecide {
      entries = List.copyOf(entries);
    }
  }

  /** Tells a follower how much is decided, when no entries are to be sent. */
  record Decide(Ballot ballot, long session, long counter, long decidedIndex) implements Message {}

  /** The sender's first {@code acceptedIndex} entries are those of the leader of {@code ballot}. */
  record Accepted(Ballot ballot, long session, long acceptedIndex) implements Message {}

  /** Refuses a ballot because a higher one is promised. */
  record NotAccepted(Ballot promise) implements Message {}

  /**
   * Passes proposals to the replica that seems to lead.
   *
   * @param hops how often they were passed on before
   */
  record ForwardProposals(Entries entries, int hops) implements Message {}

  /** Passes a reconfiguration to the replica that seems to lead. */
  record ForwardReconfiguration(StopSign stopSign, int hops) implements Message {}

  // Long transfers, asked for by the receiver.

  /** Asks for the entries of a synchronization in {@code ballot}. */
  record FetchEntries(Ballot ballot, long from, long to) implements Message {}

  /** Brings entries of a synchronization in {@code ballot}. */
  record EntriesPage(Ballot ballot, long from, List<Entries> entries) implements Message {
    /** Takes a copy. */
    public EntriesPage {
      entries = List.copyOf(entries);
    }
  }

  /** Asks for a part of a snapshot. */
  record FetchSnapshot(SnapshotId snapshot, long offset) implements Message {}

  /** Brings a part of a snapshot. */
  record SnapshotChunk(SnapshotId snapshot, long offset, long sizeBytes, Bytes bytes)
      implements Message {}

  /** The snapshot that was asked for is not there any more. */
  record SnapshotGone(SnapshotId snapshot) implements Message {}

  // Compaction and reads.

  /** Every member has decided at least {@code index} entries: those below may go. */
  record Trim(Ballot ballot, long index) implements Message {}

  /** Asks whether {@code ballot} still leads. */
  record ConfirmLeader(Ballot ballot, long round) implements Message {}

  /** No higher ballot than {@code ballot} was promised when this was sent. */
  record LeaderConfirmed(Ballot ballot, long round) implements Message {}

  /** Asks the leader for an index at which a read is linearizable. */
  record ReadIndexRequest(long round) implements Message {}

  /** Answers a {@link ReadIndexRequest}; {@code granted} is false if the reader must try again. */
  record ReadIndexReply(long round, long index, boolean granted) implements Message {}

  // Reconfiguration.

  /**
   * Tells a replica of an older configuration, or of none, which one is in force.
   *
   * @param configuration the configuration
   * @param startIndex how many entries a replica needs to take part in it
   * @param sources who can bring them, at most {@link #SOURCES_MAX}
   */
  record Announce(Configuration configuration, long startIndex, List<Member> sources)
      implements Message {
    /** Two configurations, and the sender. */
    public static final int SOURCES_MAX = 2 * Configuration.MEMBERS_MAX + 1;

    /** Takes a copy. */
    public Announce {
      sources = List.copyOf(sources);
      if (sources.size() > SOURCES_MAX) {
        throw new IllegalArgumentException(
            "an announcement names at most " + SOURCES_MAX + " sources, not " + sources.size());
      }
    }
  }

  /** The sender takes part in configuration {@code configuration}, or knows it is not to. */
  record Arrived(long configuration) implements Message {}

  /** Asks anybody for decided entries. */
  record PullDecided(long from, long to) implements Message {}

  /**
   * Brings decided entries, or says what there is instead.
   *
   * @param from where {@code entries} begin
   * @param entries none if {@code from} is compacted or not decided here
   * @param decidedIndex how much the sender has decided
   * @param compactedIndex the first entry it keeps
   * @param snapshotIndex the index of its snapshot, or 0
   * @param configuration the configuration in force there, or null if there is none
   * @param configurationStart where that begins
   * @param promise what the sender has promised: nothing of this was decided in a higher ballot
   */
  record DecidedPage(
      long from,
      List<Entries> entries,
      long decidedIndex,
      long compactedIndex,
      long snapshotIndex,
      @Nullable Configuration configuration,
      long configurationStart,
      Ballot promise)
      implements Message {
    /** Takes a copy. */
    public DecidedPage {
      entries = List.copyOf(entries);
    }
  }
}
