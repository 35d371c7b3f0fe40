package io.khonsu.simulation;

import static io.khonsu.simulation.InvariantViolation.violation;

import io.khonsu.consensus.DurableState;
import io.khonsu.consensus.Entries;
import io.khonsu.consensus.Metadata;
import io.khonsu.consensus.Persist;
import org.jspecify.annotations.Nullable;

/**
 * The sum of a replica's writes: its log, its snapshot and its metadata. The entries below {@link
 * #compacted} are those of the state machine's own state, which a snapshot is made from.
 */
final class StorageImage {
  private final Payload payload;
  private final Chain log = new Chain();
  private @Nullable Metadata metadata;
  private int compacted;
  private int decided;
  private int snapshot;

  StorageImage(Payload payload) {
    this.payload = payload;
  }

  Chain log() {
    return log;
  }

  @Nullable Metadata metadata() {
    return metadata;
  }

  int compacted() {
    return compacted;
  }

  int decided() {
    return decided;
  }

  int snapshot() {
    return snapshot;
  }

  void setSnapshot(int index) {
    snapshot = index;
  }

  /** Applies one write, all of it. */
  void apply(PendingWrite write) {
    Persist persist = write.persist();
    Chain installed = write.snapshot();
    if (persist.install() != null && installed != null) {
      install((int) persist.install().base(), (int) persist.install().index(), installed);
    }
    int appendAt = Math.toIntExact(persist.appendAt());
    if (appendAt > log.length()) {
      throw violation("storage", "append at", appendAt, "of", log.length());
    }
    log.truncate(appendAt);
    for (Entries run : persist.append()) {
      payload.read(run, log);
    }
    int trimTo = Math.toIntExact(persist.trimTo());
    if (trimTo < compacted) {
      throw violation("storage", "trimmed from", compacted, "to", trimTo);
    }
    if (trimTo > log.length()) {
      throw violation("storage", "trimmed to", trimTo, "of", log.length());
    }
    compacted = trimTo;
    decided = Math.toIntExact(persist.decidedIndex());
    if (persist.metadata() != null) {
      metadata = persist.metadata();
    }
  }

  /** {@return an equal image} */
  StorageImage copy() {
    StorageImage copy = new StorageImage(payload);
    copy.log.copyFrom(log, log.length());
    copy.metadata = metadata;
    copy.compacted = compacted;
    copy.decided = decided;
    copy.snapshot = snapshot;
    return copy;
  }

  private void install(int base, int index, Chain content) {
    if (base > log.length()) {
      throw violation("I8 snapshot content", "delta from", base, "of", log.length());
    }
    if (!(base + content.length() == index)) {
      throw violation(
          "I8 snapshot content",
          "snapshot of",
          index,
          "has",
          content.length(),
          "entries behind",
          base);
    }
    Chain tail = new Chain();
    for (int i = index; i < log.length(); i++) {
      tail.append(log.entry(i));
    }
    log.truncate(base);
    for (int i = 0; i < content.length(); i++) {
      log.append(content.entry(i));
    }
    for (int i = 0; i < tail.length(); i++) {
      log.append(tail.entry(i));
    }
    snapshot = index;
  }

  /** {@return what a replica starts from, or null if nothing was ever written} */
  @Nullable DurableState durableState() {
    Metadata last = metadata;
    return last == null
        ? null
        : new DurableState(
            last,
            Math.max(decided, snapshot),
            compacted,
            snapshot,
            payload.runs(log, compacted, log.length()));
  }
}
