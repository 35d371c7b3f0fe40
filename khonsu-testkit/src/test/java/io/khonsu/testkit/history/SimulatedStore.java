package io.khonsu.testkit.history;

import io.khonsu.testkit.Level;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A small multi-version store of lists, correct or with one planted bug. A register is a list whose
 * last value counts. Every method locks the store.
 */
final class SimulatedStore {

  /** What is wrong. */
  enum Bug {
    NONE,
    WRITES_AT_ONCE,
    READS_UNCOMMITTED,
    ABORT_APPLIES,
    NO_WRITE_CONFLICTS,
    NO_SNAPSHOT,
    WRONG_SNAPSHOT_VERSION,
    TWO_REPLICAS,
    STALE_SNAPSHOT,
    LOST_COMMIT,
    OVERWRITES_BLINDLY,
    APPLIES_TWICE,
    GARBAGE,
    OWN_WRITES_INVISIBLE
  }

  private record Version(long ts, int replica, List<Long> values) {}

  private final Bug bug;
  private final Map<Long, List<Version>> versions = new LinkedHashMap<>();
  private final List<Session> open = new ArrayList<>();
  private long newest;
  private int begun;
  private int commits;

  SimulatedStore(Bug bug) {
    this.bug = bug;
  }

  synchronized Session begin(Level level) {
    return new Session(level);
  }

  private List<Version> chain(long key) {
    return versions.computeIfAbsent(
        key, _ -> new ArrayList<>(List.of(new Version(0, 0, List.of()))));
  }

  /** A transaction. */
  final class Session {
    private final Level level;
    private final int replica = begun++ % 2;
    private final long snapshot;
    private final Map<Long, List<Long>> written = new LinkedHashMap<>();
    private final Set<Long> read = new HashSet<>();

    Session(Level level) {
      this.level = level;
      this.snapshot = bug == Bug.STALE_SNAPSHOT ? Math.max(0, newest - 2) : newest;
      open.add(this);
    }

    List<Long> read(long key) {
      synchronized (SimulatedStore.this) {
        // Even after an own append: the read shows what the append will come after.
        read.add(key);
        List<Long> seen = new ArrayList<>(visible(key).values);
        if (bug == Bug.READS_UNCOMMITTED) {
          open.stream()
              .filter(other -> other != this)
              .forEach(other -> seen.addAll(other.written.getOrDefault(key, List.of())));
        }
        if (bug != Bug.OWN_WRITES_INVISIBLE && bug != Bug.WRITES_AT_ONCE) {
          seen.addAll(written.getOrDefault(key, List.of()));
        }
        if (bug == Bug.GARBAGE && commits % 5 == 4) {
          seen.add(-7L);
        }
        return seen;
      }
    }

    void write(long key, long value) {
      synchronized (SimulatedStore.this) {
        written.computeIfAbsent(key, _ -> new ArrayList<>()).add(value);
        if (bug == Bug.WRITES_AT_ONCE) {
          install(key, List.of(value), newest);
        }
      }
    }

    void abort() {
      synchronized (SimulatedStore.this) {
        open.remove(this);
        if (bug == Bug.ABORT_APPLIES) {
          install();
        }
      }
    }

    CommitReport commit() {
      synchronized (SimulatedStore.this) {
        open.remove(this);
        if (bug != Bug.WRITES_AT_ONCE && conflicts()) {
          return new CommitReport.Refused("conflict");
        }
        if (written.isEmpty()) {
          return new CommitReport.Committed(snapshot);
        }
        if (bug == Bug.WRITES_AT_ONCE) {
          return new CommitReport.Committed(null);
        }
        commits++;
        if (bug == Bug.LOST_COMMIT && commits % 4 == 0) {
          return new CommitReport.Committed(++newest);
        }
        install();
        return new CommitReport.Committed(newest);
      }
    }

    /** {@return the snapshot that the store claims the reads saw} */
    long snapshotVersion() {
      return bug == Bug.WRONG_SNAPSHOT_VERSION ? snapshot + 1 : snapshot;
    }

    private boolean conflicts() {
      Set<Long> checked = new HashSet<>();
      if (level != Level.SERIALIZABLE && bug != Bug.NO_WRITE_CONFLICTS) {
        checked.addAll(written.keySet());
      }
      if (level == Level.SERIALIZABLE || level == Level.REPEATABLE_READ) {
        checked.addAll(read);
      }
      if (bug == Bug.STALE_SNAPSHOT && written.isEmpty()) {
        return false;
      }
      return checked.stream().anyMatch(key -> changed(key));
    }

    private boolean changed(long key) {
      Version last = chain(key).getLast();
      return last.ts > snapshot || !shows(last);
    }

    private Version visible(long key) {
      boolean newestCommitted = level == Level.READ_COMMITTED || bug == Bug.NO_SNAPSHOT;
      if (newestCommitted || bug == Bug.WRITES_AT_ONCE) {
        return chain(key).getLast();
      }
      return chain(key).reversed().stream().filter(this::shows).findFirst().orElseThrow();
    }

    private boolean shows(Version version) {
      boolean replicated =
          bug != Bug.TWO_REPLICAS
              || version.ts == 0
              || version.replica == replica
              || version.ts <= snapshot - 3;
      return version.ts <= snapshot && replicated;
    }

    private void install() {
      long ts = ++newest;
      written.forEach((key, values) -> install(key, values, ts));
    }

    private void install(long key, List<Long> values, long ts) {
      Version base = bug == Bug.OVERWRITES_BLINDLY ? visible(key) : chain(key).getLast();
      List<Long> list = new ArrayList<>(base.values);
      list.addAll(values);
      if (bug == Bug.APPLIES_TWICE && ts % 5 == 0) {
        list.addAll(values);
      }
      chain(key).add(new Version(ts, replica, list));
    }
  }
}
