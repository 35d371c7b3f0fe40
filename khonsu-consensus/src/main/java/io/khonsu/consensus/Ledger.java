package io.khonsu.consensus;

import io.khonsu.consensus.deviation.Deviation;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a replica must remember, and the write that makes storage follow. A step changes the memory
 * at once and ends with one {@link Persist}; nothing that depends on it leaves before it is done,
 * so a crash between the two is a crash before the step.
 */
final class Ledger {
  private static final long UNCHANGED = Long.MAX_VALUE;

  private final Deviations deviations;
  private final EntryLog log;
  private final DurableMarks marks;
  private Metadata metadata;
  private long decidedIndex;
  private long snapshotIndex;
  private long deltaFloor;

  private boolean dirty;
  private Durability durability = Durability.LAZY;
  private boolean metadataChanged;
  private @Nullable SnapshotId install;
  private long appendAt = UNCHANGED;
  private long writes;

  /** The decided index that the last forced write records. */
  private long recordedDecided;

  /** Creates the ledger of a replica that has nothing, and lets the first write say so. */
  Ledger(Metadata metadata, Deviations deviations) {
    this.metadata = metadata;
    this.deviations = deviations;
    this.log = new EntryLog(0);
    this.marks = new DurableMarks(0, 0);
    metadataChanged();
  }

  /** Creates the ledger of a replica that restarts. */
  Ledger(DurableState state, Deviations deviations) {
    this.metadata = state.metadata().startedAgain();
    this.deviations = deviations;
    this.log = new EntryLog(state.compactedIndex());
    state.entries().forEach(log::append);
    this.marks = new DurableMarks(log.end(), state.decidedIndex());
    this.recordedDecided = state.decidedIndex();
    this.decidedIndex = state.decidedIndex();
    this.snapshotIndex = state.snapshotIndex();
    this.deltaFloor = state.snapshotIndex();
    metadataChanged();
  }

  EntryLog log() {
    return log;
  }

  Metadata metadata() {
    return metadata;
  }

  Ballot promise() {
    return metadata.promise();
  }

  Ballot acceptedRound() {
    return metadata.acceptedRound();
  }

  long acceptedIndex() {
    return log.end();
  }

  long decidedIndex() {
    return decidedIndex;
  }

  long snapshotIndex() {
    return snapshotIndex;
  }

  long deltaFloor() {
    return deltaFloor;
  }

  /** {@return how many entries are on disk} */
  long durableIndex() {
    return deviations.has(Deviation.COUNT_OWN_UNSYNCED) ? log.end() : marks.durableIndex();
  }

  /** {@return how many entries are on disk and recorded there as decided: for good} */
  long durableDecided() {
    return Math.min(durableIndex(), marks.durableDecided());
  }

  /** Writes the decided index if nothing else did for a while, so that others may rely on it. */
  void recordDecided() {
    if (decidedIndex > recordedDecided) {
      dirty = true;
      durability = Durability.SYNC;
    }
  }

  /** {@return the number of the write that the current step ends with, if it writes} */
  long nextWrite() {
    return writes + 1;
  }

  /** {@return whether the write of that number is done} */
  boolean isPersisted(long write) {
    return marks.persisted() >= write || deviations.has(Deviation.COUNT_OWN_UNSYNCED);
  }

  /** {@return the stop-sign that ends the log of the configuration in force, or null} */
  @Nullable StopSign stopSign() {
    Entries last = log.last();
    return last == null || log.end() <= metadata.configurationStart() ? null : last.stopSign();
  }

  void promise(Ballot ballot) {
    metadata = metadata.withPromise(ballot);
    metadataChanged();
  }

  void accepted(Ballot round) {
    if (round.equals(metadata.acceptedRound())) {
      return;
    }
    metadata = metadata.withAcceptedRound(round);
    if (!deviations.has(Deviation.ACCEPTED_ROUND_NOT_PERSISTED)) {
      metadataChanged();
    }
  }

  /** Begins a configuration, whose members all hold what was decided before. */
  void begin(Configuration configuration, long start, Ballot promise) {
    metadata = metadata.withConfiguration(configuration, start, promise);
    metadataChanged();
  }

  void append(Entries run) {
    written(log.end());
    log.append(run);
  }

  /** Overwrites the log from {@code at} on. */
  void overwrite(long at, List<Entries> runs) {
    Invariants.check(
        at >= decidedIndex || deviations.isAny(), "what is decided is not overwritten");
    if (at < log.end()) {
      marks.truncate(at);
      log.truncate(at);
    }
    written(at);
    runs.forEach(log::append);
  }

  /** Raises the decided index; it never falls. */
  void decide(long index) {
    if (index > decidedIndex) {
      Invariants.check(index <= log.end(), "what is decided is accepted");
      decidedIndex = index;
      // Without a write of its own: the next one records it, and a restart finds it out again.
    }
  }

  /** Sets the decided index whatever it was; a deviation. */
  void overwriteDecided(long index) {
    decidedIndex = index;
  }

  /** Makes the staged snapshot the state; the log begins anew behind it. */
  void install(SnapshotId snapshot) {
    install = snapshot;
    marks.truncate(Math.min(snapshot.index(), log.end()));
    log.reset(snapshot.index());
    written(snapshot.index());
    snapshotIndex = snapshot.index();
    deltaFloor = snapshot.index();
    decidedIndex = Math.max(decidedIndex, snapshot.index());
  }

  /** Notes the driver's own snapshot. */
  void snapshotTaken(long index, long floor) {
    if (index >= snapshotIndex) {
      snapshotIndex = index;
      deltaFloor = floor;
    }
  }

  void trim(long index) {
    if (index > log.start()) {
      log.trim(index);
      dirty = true;
    }
  }

  /** All writes up to {@code number} are done. */
  void persisted(long number) {
    marks.done(number);
  }

  /** {@return the write of this step, or null if nothing changed} */
  @Nullable Persist drain() {
    if (!dirty) {
      return null;
    }
    boolean appended = appendAt != UNCHANGED;
    long at = appended ? Math.max(appendAt, log.start()) : log.end();
    Persist persist =
        new Persist(
            ++writes,
            durability,
            install,
            log.start(),
            at,
            appended ? log.range(at, log.end()) : List.of(),
            decidedIndex,
            metadataChanged ? recordedMetadata() : null);
    if (durability == Durability.SYNC) {
      recordedDecided = decidedIndex;
    }
    marks.add(log.end(), recordedDecided);
    dirty = false;
    durability = Durability.LAZY;
    metadataChanged = false;
    install = null;
    appendAt = UNCHANGED;
    return persist;
  }

  private Metadata recordedMetadata() {
    return deviations.has(Deviation.PROMISE_NOT_PERSISTED)
        ? metadata.withPromise(metadata.acceptedRound())
        : metadata;
  }

  private void metadataChanged() {
    metadataChanged = true;
    dirty = true;
    durability = Durability.SYNC;
  }

  private void written(long at) {
    appendAt = Math.min(appendAt, at);
    dirty = true;
    durability = Durability.SYNC;
  }
}
