package io.khonsu.consensus;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A storage in memory: writes wait until they are forced, and those that wait are lost in a crash.
 */
final class MemoryStore {
  private final Deque<Persist> waiting = new ArrayDeque<>();
  private final TreeMap<Long, Entries> entries = new TreeMap<>();
  private @Nullable Metadata metadata;
  private @Nullable SnapshotId installed;
  private long decided;
  private long compacted;
  private long snapshot;

  void write(Persist persist) {
    waiting.add(persist);
  }

  /** {@return the number of the last write that is now durable, or 0 if nothing waited} */
  long force(int writes) {
    long last = 0;
    for (int i = 0; i < writes && !waiting.isEmpty(); i++) {
      Persist persist = waiting.remove();
      apply(persist);
      last = persist.number();
    }
    return last;
  }

  boolean isIdle() {
    return waiting.isEmpty();
  }

  void crash() {
    waiting.clear();
  }

  /** {@return the last snapshot that came from another replica, or null} */
  @Nullable SnapshotId installed() {
    return installed;
  }

  void snapshotTaken(long index) {
    snapshot = Math.max(snapshot, index);
  }

  private void apply(Persist persist) {
    SnapshotId install = persist.install();
    if (install != null) {
      snapshot = install.index();
      installed = install;
      entries.clear();
    }
    compacted = persist.trimTo();
    entries.headMap(compacted).clear();
    long end = entries.isEmpty() ? compacted : entries.lastKey() + 1;
    if (persist.appendAt() > end) {
      throw new AssertionError("a hole from " + end + " to " + persist.appendAt());
    }
    entries.tailMap(persist.appendAt()).clear();
    long at = persist.appendAt();
    for (Entries run : persist.append()) {
      for (int i = 0; i < run.count(); i++) {
        entries.put(at++, run.slice(i, i + 1));
      }
    }
    decided = persist.decidedIndex();
    Metadata changed = persist.metadata();
    if (changed != null) {
      metadata = changed;
    }
  }

  /** {@return what is durable, or null; {@code applied} is what the application has for decided} */
  @Nullable DurableState load(long applied) {
    Metadata current = metadata;
    if (current == null) {
      return null;
    }
    List<Entries> runs = new ArrayList<>(entries.values());
    long known = Math.max(decided, applied);
    return new DurableState(current, known, compacted, Math.min(snapshot, known), runs);
  }
}
