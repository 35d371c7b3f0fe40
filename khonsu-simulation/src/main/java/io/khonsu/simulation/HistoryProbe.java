package io.khonsu.simulation;

import static io.khonsu.simulation.InvariantViolation.violation;

import io.khonsu.spi.DamagedStorageException;
import io.khonsu.spi.LogRecord;
import io.khonsu.spi.ReplicatedHistory;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Reads the commits of nodes as an archive would: each has the same ones, without a gap. */
final class HistoryProbe {
  private static final int TURNS = 37;

  /** A hash of the bytes of each commit that was read anywhere, by version. */
  private final TreeMap<Long, Integer> known = new TreeMap<>();

  private int turns;

  /** Looks at a node now and then. */
  void turn(long node, ReplicatedHistory history) throws IOException {
    if (++turns % TURNS == 0) {
      look(node, history);
    }
  }

  /** Looks at a node. */
  void look(long node, ReplicatedHistory history) throws IOException {
    long last = history.lastVersion();
    long after = somewhere(history.trimmedVersion(), last);
    List<LogRecord> read = new ArrayList<>();
    try {
      history.read(after, read::add);
    } catch (DamagedStorageException e) {
      throw violation("commits can be read", "node", node, String.valueOf(e.getMessage()));
    }
    long before = after;
    for (LogRecord record : read) {
      if (record.version() <= before) {
        throw violation("commits ascend", "node", node, record.version(), "after", before);
      }
      before = record.version();
      int hash = Arrays.hashCode(record.bytes());
      Integer other = known.putIfAbsent(record.version(), hash);
      if (other != null && other != hash) {
        throw violation("commits are the same on all nodes", "node", node, record.version());
      }
    }
    checkWhole(node, known.subMap(after, false, Math.max(after, last), true).keySet(), read);
  }

  private long somewhere(long trimmed, long last) {
    Map.Entry<Long, Integer> some =
        known.ceilingEntry(trimmed + Math.max(0, last - trimmed) * (turns % 7) / 7);
    return some == null || some.getKey() > last ? trimmed : Math.max(trimmed, some.getKey());
  }

  private static void checkWhole(long node, Iterable<Long> expected, List<LogRecord> read) {
    int at = 0;
    for (long version : expected) {
      if (at == read.size() || read.get(at).version() != version) {
        throw violation("commits have no gap", "node", node, "lacks", version);
      }
      at++;
    }
  }
}
