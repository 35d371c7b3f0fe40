package io.khonsu.distributed;

import io.khonsu.PreparedRequest;
import io.khonsu.ReplicatedStore;
import io.khonsu.consensus.StopSign;
import io.khonsu.distributed.deviation.Defect;
import io.khonsu.spi.CommittedTransaction;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The replicated state: what the entries of the log lead to, the same on every replica. Reads no
 * clock. Not thread-safe.
 */
final class GroupState {
  /** Is told what came of what. */
  interface Listener {
    /** A submission was decided at its place in the log. */
    void decided(Submission submission, Outcome outcome);
  }

  /**
   * Once the requests of one entry have changed so much, those that follow in it are to come again:
   * what they append to may be much larger than they are.
   */
  static final long ENTRY_CHANGES_BYTES_MAX = 64 << 20;

  /**
   * So many submissions are looked at before the first of them is applied: enough to wait for
   * memory once and not for each, few enough to stay in the cache until then.
   */
  private static final int PREPARED_AT_ONCE = 32;

  /** What a commit takes in memory beside its bytes and its items, about. */
  private static final int COMMIT_BYTES = 48;

  /** What a version of an item takes there, with a part of its batch. */
  private static final long ITEM_BYTES = 80;

  /** Items of a commit are large if they take so much on average. */
  private static final long LARGE_ITEM_BYTES = 4 << 10;

  private final long group;
  private final ReplicatedStore store;
  private final Set<Defect> defects;
  private final Sessions sessions = new Sessions();
  private final CRC32C checksum = new CRC32C();
  private final List<AppliedEntry.Change> changes = new ArrayList<>();

  /** The newest version that was given to anything. */
  private long clock;

  private long appliedIndex;
  private long hash;

  /** Null as long as the members are those that the cluster began with. */
  private @Nullable ClusterMembers members;

  /** What was applied since this node was started; not part of the state. */
  private long commitCount;

  private long abortCount;
  private long writtenBytes;
  private long largeBytes;

  /** What the entry that is being applied has changed. */
  private long entryChangesBytes;

  /** What this node's own clock says; looked at by planted defects alone. */
  private long localVersion;

  GroupState(long group, ReplicatedStore store, Set<Defect> defects) {
    this.group = group;
    this.store = store;
    this.defects = defects;
  }

  /** {@return how many entries were applied} */
  long appliedIndex() {
    return appliedIndex;
  }

  /** {@return the newest version that was given to anything} */
  long clock() {
    return clock;
  }

  /** {@return a digest of all that was applied: equal on all replicas at equal indices} */
  long hash() {
    return hash;
  }

  /** {@return how many requests were applied and accepted since the start} */
  long commitCount() {
    return commitCount;
  }

  /** {@return how many requests were applied and refused since the start} */
  long abortCount() {
    return abortCount;
  }

  /** {@return about how much memory was taken by what was applied since the start} */
  long writtenBytes() {
    return writtenBytes;
  }

  /** {@return what commits of large items have taken, encoded, of those applied since the start} */
  long largeBytes() {
    return largeBytes;
  }

  /** {@return the state but for the rows, which the applied commits after a base add up to} */
  Checkpoint checkpoint(long firstVersion, Checkpoint.Commits commits, Checkpoint.Base base) {
    return new Checkpoint(
        appliedIndex,
        clock,
        hash,
        store.watermark(),
        store.newestVersion(),
        store.lastTableId(),
        firstVersion,
        commits,
        base,
        members == null ? new byte[0] : members.encode(),
        sessions.encode());
  }

  /** Becomes the state of a checkpoint; the store has its rows. */
  void restore(Checkpoint checkpoint) {
    appliedIndex = checkpoint.appliedIndex();
    clock = checkpoint.clock();
    hash = checkpoint.hash();
    byte[] encoded = checkpoint.members();
    members = encoded.length == 0 ? null : ClusterMembers.decode(encoded);
    if (!defects.contains(Defect.SESSIONS_NOT_RESTORED)) {
      sessions.decode(checkpoint.sessions());
    }
  }

  /** {@return what was changed since the last call} */
  List<AppliedEntry.Change> takeChanges() {
    List<AppliedEntry.Change> taken = List.copyOf(changes);
    changes.clear();
    return taken;
  }

  /** {@return who is in the cluster, or null if that was never changed} */
  @Nullable ClusterMembers members() {
    return members;
  }

  Sessions sessions() {
    return sessions;
  }

  void setLocalVersion(long version) {
    localVersion = version;
  }

  /**
   * Applies an entry.
   *
   * @param entry what it says
   * @throws IllegalArgumentException if it cannot be read: the node must stop
   */
  void apply(long index, ByteBuffer entry, Listener listener) {
    begin(index);
    entryChangesBytes = 0;
    LogEntry decoded = LogEntry.decode(entry);
    if (decoded.group() != group) {
      throw new IllegalArgumentException(
          "entry %d is of group %d, not of %d".formatted(index, decoded.group(), group));
    }
    switch (decoded) {
      case LogEntry.Batch batch -> apply(batch, listener);
      case LogEntry.Tick tick -> apply(tick);
    }
    appliedIndex = index + 1;
  }

  /**
   * Applies the entry that changes the members.
   *
   * @throws IllegalArgumentException if it cannot be read: the node must stop
   */
  void apply(long index, StopSign entry) {
    begin(index);
    byte[] encoded = entry.metadata().toArray();
    members = ClusterMembers.decode(encoded);
    mix(encoded);
    appliedIndex = index + 1;
  }

  private void begin(long index) {
    if (index != appliedIndex) {
      throw new IllegalStateException(
          "entry %d comes after %d entries".formatted(index, appliedIndex));
    }
    mix(index);
  }

  private void apply(LogEntry.Tick tick) {
    if (tick.version() <= clock) {
      return;
    }
    clock = tick.version();
    boolean local = defects.contains(Defect.LOCAL_WATERMARK);
    store.moveWatermark(local ? localVersion : tick.watermark());
    sessions.expireBefore(tick.expireBefore());
    mix(store.watermark());
  }

  private void apply(LogEntry.Batch batch, Listener listener) {
    if (defects.contains(Defect.FORGET_OUTCOMES)) {
      sessions.forgetAllOutcomes();
    }
    List<Submission> all = batch.submissions();
    long version = batch.firstVersion();
    for (int from = 0; from < all.size(); from += PREPARED_AT_ONCE) {
      int to = Math.min(from + PREPARED_AT_ONCE, all.size());
      version = apply(all.subList(from, to), version, listener);
    }
  }

  /** {@return the version of what comes next} */
  private long apply(List<Submission> submissions, long firstVersion, Listener listener) {
    Iterator<PreparedRequest> prepared = store.prepare(requests(submissions)).iterator();
    long version = firstVersion;
    for (Submission submission : submissions) {
      PreparedRequest request = submission instanceof Submission.Commit ? prepared.next() : null;
      if (defects.contains(Defect.LOCAL_CLOCK_AT_APPLY)) {
        version = Math.max(clock + 1, localVersion);
      }
      // Refused, not replaced: a version that no leader drew could break the order of real time.
      Outcome outcome =
          version <= clock ? new Outcome.Again() : apply(submission, request, version);
      clock = Math.max(clock, version);
      mix(outcome);
      listener.decided(submission, outcome);
      version++;
    }
    return version;
  }

  private static List<ByteBuffer> requests(List<Submission> submissions) {
    List<ByteBuffer> requests = new ArrayList<>(submissions.size());
    for (Submission submission : submissions) {
      if (submission instanceof Submission.Commit commit) {
        requests.add(commit.request());
      }
    }
    return requests;
  }

  /** Applies a submission; {@code request} is there if it is a commit. */
  private Outcome apply(Submission submission, @Nullable PreparedRequest request, long version) {
    return switch (submission) {
      case Submission.OpenSession _ -> new Outcome.SessionOpened(sessions.open(version));
      case Submission.Commit commit -> {
        sessions.touch(commit.commitId(), commit.answeredBelow(), version);
        Outcome known = sessions.find(commit.commitId());
        yield known != null ? known : commit(commit, Objects.requireNonNull(request), version);
      }
      case Submission.Resolve(long commitId) -> {
        Outcome known = sessions.find(commitId);
        if (known == null) {
          known = new Outcome.NeverApplied();
          sessions.record(commitId, known);
        }
        yield known;
      }
    };
  }

  private Outcome commit(Submission.Commit commit, PreparedRequest request, long version) {
    if (entryChangesBytes >= ENTRY_CHANGES_BYTES_MAX) {
      return new Outcome.Again();
    }
    ReplicatedStore.Applied applied = store.apply(version, commit.commitId(), request);
    CommittedTransaction change = applied.commit();
    if (change != null) {
      mix(version);
      mix(commit.commitId());
      mix(change.checksum());
      boolean isWhereItSays = !defects.contains(Defect.LOCAL_CLOCK_AT_APPLY);
      changes.add(new AppliedEntry.Change(change, applied.isAsAsked() && isWhereItSays));
      entryChangesBytes += change.sizeBytes();
      writtenBytes += COMMIT_BYTES + ITEM_BYTES * applied.itemCount() + change.sizeBytes();
      boolean areLarge = change.sizeBytes() >= LARGE_ITEM_BYTES * applied.itemCount();
      largeBytes += areLarge ? change.sizeBytes() : 0;
    }
    if (change != null || ReplicatedStore.committedVersion(applied.answer()) != null) {
      commitCount++;
    } else {
      abortCount++;
    }
    Outcome outcome = new Outcome.Decided(applied.answer());
    sessions.record(commit.commitId(), outcome);
    return outcome;
  }

  private void mix(Outcome outcome) {
    switch (outcome) {
      case Outcome.Decided(byte[] answer) -> mix(answer);
      case Outcome.SessionOpened(long session) -> mix(session);
      case Outcome.NeverApplied _ -> mix(1);
      case Outcome.NoSession _ -> mix(2);
      case Outcome.Answered _ -> mix(3);
      case Outcome.Again _ -> mix(4);
    }
  }

  private void mix(byte[] bytes) {
    checksum.reset();
    checksum.update(bytes);
    mix(checksum.getValue());
  }

  private void mix(long value) {
    long z = (hash ^ value) * 0xBF58_476D_1CE4_E5B9L + 0x9E37_79B9_7F4A_7C15L;
    hash = z ^ (z >>> 29);
  }
}
