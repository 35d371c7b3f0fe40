package io.khonsu.consensus;

import java.util.List;
import java.util.Objects;

/** What a {@link Replica} can be told. */
public sealed interface Input {
  /** The one {@link Tick}. */
  Tick TICK = new Tick();

  /** The one {@link TellDecided}. */
  TellDecided TELL_DECIDED = new TellDecided();

  /** Time passes. All timeouts count ticks. After a pause give one or two, not all missed ones. */
  record Tick() implements Input {}

  /** A message arrived. Deliver what has arrived before the next {@link Tick}. */
  record Receive(Envelope envelope) implements Input {
    /** Checks that nothing is missing. */
    public Receive {
      Objects.requireNonNull(envelope, "envelope");
    }
  }

  /**
   * Somebody wants entries decided, in this order and without others in between if the leader is
   * here. Nothing is said about them again unless they are {@link Event.ProposalsRejected
   * rejected}: they come back among the decided entries, or they are lost with a message or a
   * leader. Who wants to be sure gives them ids, proposes again and drops doubles.
   */
  record Propose(Entries entries) implements Input {
    /** Checks that the entries are data. */
    public Propose {
      if (entries.isStopSign()) {
        throw new IllegalArgumentException("propose a stop-sign by Input.Reconfigure");
      }
    }
  }

  /** Somebody wants another configuration. Its id must be higher than that of the one in force. */
  record Reconfigure(Configuration next, Bytes metadata) implements Input {
    /** Checks that nothing is missing. */
    public Reconfigure {
      Objects.requireNonNull(next, "next");
      Objects.requireNonNull(metadata, "metadata");
    }
  }

  /**
   * All writes up to {@code number} are applied, and forced to the medium as far as they had to be.
   */
  record Persisted(long number) implements Input {}

  /** A write failed or its outcome is unknown. The replica does nothing from now on: reopen it. */
  record StorageFailed() implements Input {}

  /** The connection to {@code peer} was lost and is there again: messages may be missing. */
  record Reconnected(Member peer) implements Input {
    /** Checks that nothing is missing. */
    public Reconnected {
      Objects.requireNonNull(peer, "peer");
    }
  }

  /**
   * Drops the entries below {@code index} on all members, if all have decided them. Refused on
   * others than the leader, and by {@link Event.TrimRefused} if some member is not known to be that
   * far: then take a snapshot instead.
   */
  record Trim(long index) implements Input {}

  /**
   * The driver durably holds a complete snapshot of the state after {@code index} decided entries,
   * and can serve it. Entries below {@code keepFrom} are dropped here; nobody else is asked.
   *
   * @param index how many entries the snapshot stands for, at most the decided index
   * @param keepFrom the first entry to keep, at most {@code index}; for replicas slightly behind
   * @param deltaFloor the driver can also serve deltas to {@code index} from every state at or
   *     after {@code deltaFloor} entries; {@code index} if it cannot
   */
  record SnapshotTaken(long index, long keepFrom, long deltaFloor) implements Input {
    /** Checks the order of indices. */
    public SnapshotTaken {
      if (keepFrom < 0 || keepFrom > index || deltaFloor < 0 || deltaFloor > index) {
        throw new IllegalArgumentException(
            "keepFrom and deltaFloor must be from 0 to index, but are "
                + keepFrom
                + ", "
                + deltaFloor
                + " and "
                + index);
      }
    }
  }

  /**
   * Answers a {@link SnapshotRead}.
   *
   * @param read what was asked for
   * @param sizeBytes the size of the whole snapshot; negative if it is not there any more
   * @param bytes its bytes from the offset on, at most as many as asked for
   */
  record SnapshotData(SnapshotRead read, long sizeBytes, Bytes bytes) implements Input {
    /** Checks that nothing is missing. */
    public SnapshotData {
      Objects.requireNonNull(read, "read");
      Objects.requireNonNull(bytes, "bytes");
    }
  }

  /**
   * Says of a {@link StagedChunk} whether what was staged up to there can be the snapshot. Needed
   * once the last one is there, before which nothing is installed; if it is bad, as soon as that is
   * known. What was staged of it must be gone then: the replica fetches another one after a while,
   * which becomes longer each time, and from somebody else if it can.
   *
   * @param snapshot of the chunk
   * @param source of the chunk
   * @param isGood whether it is
   */
  record SnapshotChecked(SnapshotId snapshot, Member source, boolean isGood) implements Input {
    /** Checks that nothing is missing. */
    public SnapshotChecked {
      Objects.requireNonNull(snapshot, "snapshot");
      Objects.requireNonNull(source, "source");
    }
  }

  /**
   * Somebody wants to read linearizably. Answered by {@link Event.ReadReady} or {@link
   * Event.ReadRejected}; many waiting reads share one round of messages.
   *
   * @param id chosen by the caller, who gets it back
   */
  record Read(long id) implements Input {}

  /**
   * Somebody waits for the followers to hear what is decided: if this replica leads, it tells them
   * now what no entries have carried to them yet, and what it has appended as soon as that is.
   */
  record TellDecided() implements Input {}

  /** Tries to become the leader, whoever leads. */
  record Campaign() implements Input {}

  /** Changes the priority of this replica's next ballots. */
  record SetPriority(int priority) implements Input {
    /** Checks the range. */
    public SetPriority {
      if (priority < 0) {
        throw new IllegalArgumentException("priority must not be negative, but is " + priority);
      }
    }
  }

  /**
   * Members to ask which configuration is in force, for a replica that joins and knows nobody, or
   * that was away while all it knew were replaced. They are asked now, and again as long as it is
   * in no configuration or finds no leader in its own.
   */
  record Join(List<Member> seeds) implements Input {
    /** Takes a copy. */
    public Join {
      seeds = List.copyOf(seeds);
    }
  }
}
