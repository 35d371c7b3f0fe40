package io.khonsu.simulation;

import static io.khonsu.simulation.InvariantViolation.violation;

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
  private final TreeMap<Long, Integer> known = new TreeMap<>();
  static long reads;
  static long records;
  private int turns;

  void look(int node, ReplicatedHistory history, boolean now) throws IOException {
    if (!now && ++turns % 37 != 0) {
      return;
    }
    long trimmed = history.trimmedVersion();
    long last = history.lastVersion();
    long after = trimmed;
    if (turns % 2 == 0 && last > trimmed) {
      Map.Entry<Long, Integer> some = known.ceilingEntry(trimmed + (last - trimmed) * (turns % 7) / 7);
      after = some == null || some.getKey() > last ? trimmed : some.getKey();
    }
    List<LogRecord> read = new ArrayList<>();
    history.read(after, read::add);
    reads++;
    records += read.size();
    long before = after;
    for (LogRecord record : read) {
      if (record.version() <= before) {
        throw violation("history ascends", node, record.version(), "after", before);
      }
      before = record.version();
      int hash = Arrays.hashCode(record.bytes());
      Integer other = known.putIfAbsent(record.version(), hash);
      if (other != null && other != hash) {
        throw violation("history equal", node, record.version());
      }
    }
    if (last > after) {
      List<Long> expected = new ArrayList<>(known.subMap(after, false, last, true).keySet());
      List<Long> found = read.stream().map(LogRecord::version).filter(v -> v <= last).toList();
      if (!expected.equals(found)) {
        expected.removeAll(found);
        throw violation("history whole", "node", node, "trimmed", trimmed, "after", after, "last", last, "lacks", expected);
      }
    }
  }
}
