package io.khonsu.benchmarks;

import io.khonsu.Khonsu;
import io.khonsu.RecordBatch;
import io.khonsu.Scan;
import io.khonsu.Snapshot;
import io.khonsu.Table;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.VectorSchemaRoot;

/**
 * How long Khonsu takes to open a store whose process ended right after its last commit returned. A
 * child process loads the rows and halts; the parent opens the store and counts them.
 */
final class CrashOpening {
  private static final int CRASHED = 137;
  private static final int LOADING_MINUTES_MAX = 10;
  private static final int BATCH_ROWS = 10_000;

  private CrashOpening() {}

  /**
   * What was measured.
   *
   * @param seconds of each crash, ascending
   */
  record Result(DurablePeer peer, int rows, List<Double> seconds) {
    /** Copies the times. */
    Result {
      seconds = List.copyOf(seconds);
    }

    String line() {
      return String.format(
          Locale.ROOT,
          "%s opens %,d rows after a crash in %.2f s",
          peer.title(),
          rows,
          medianSeconds());
    }

    double medianSeconds() {
      return seconds.get(seconds.size() / 2);
    }

    Map<String, Object> values() {
      Map<String, Object> values = new LinkedHashMap<>();
      values.put("peer", peer.id());
      values.put("rows", rows);
      values.put("seconds", seconds);
      return values;
    }
  }

  /**
   * {@return the times of {@code crashes} crashes}
   *
   * @param parent where the stores are, each in a directory that is deleted at the end
   * @throws IllegalStateException if a row is missing
   */
  static Result measure(DurablePeer peer, int rows, int crashes, Path parent)
      throws IOException, InterruptedException {
    List<Double> seconds = new ArrayList<>();
    for (int crash = 0; crash < crashes; crash++) {
      Path directory = Files.createTempDirectory(parent, "khonsu-bench-crash");
      try {
        loadAndKill(peer, rows, directory);
        seconds.add(open(peer, rows, directory));
      } finally {
        Directories.delete(directory);
      }
    }
    Collections.sort(seconds);
    return new Result(peer, rows, seconds);
  }

  private static void loadAndKill(DurablePeer peer, int rows, Path directory)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.addAll(List.of(CrashOpening.class.getName(), peer.name()));
    command.addAll(List.of(Integer.toString(rows), directory.toString()));
    Process child = new ProcessBuilder(command).inheritIO().start();
    try {
      boolean ended = child.waitFor(LOADING_MINUTES_MAX, TimeUnit.MINUTES);
      if (!ended || child.exitValue() != CRASHED) {
        throw new IllegalStateException(
            "the child process did not load " + rows + " rows in " + LOADING_MINUTES_MAX + " min");
      }
    } finally {
      var _ = child.destroyForcibly();
    }
  }

  private static double open(DurablePeer peer, int rows, Path directory) {
    long before = System.nanoTime();
    try (Khonsu db = Khonsu.open(directory, peer.config())) {
      double seconds = (System.nanoTime() - before) / 1e9;
      Table flights = db.table(Flights.NAME).orElseThrow();
      long found = db.<Long, RuntimeException>readOnly(snapshot -> count(snapshot, flights));
      if (found != rows) {
        throw new IllegalStateException(found + " rows instead of " + rows + " after a crash");
      }
      return seconds;
    }
  }

  private static long count(Snapshot snapshot, Table table) {
    long rows = 0;
    for (RecordBatch batch : snapshot.scan(table, Scan.all())) {
      rows += batch.rowCount();
    }
    return rows;
  }

  /** The child process: peer, number of rows, directory. It ends without closing anything. */
  public static void main(String[] args) {
    BenchCommand.logWarningsOnly();
    int rows = Integer.parseInt(args[1]);
    try (BufferAllocator allocator = new RootAllocator();
        Khonsu db = Khonsu.open(Path.of(args[2]), DurablePeer.valueOf(args[0]).config())) {
      Table flights = Flights.createIn(db);
      for (int row = 0; row < rows; row += BATCH_ROWS) {
        int count = Math.min(BATCH_ROWS, rows - row);
        try (VectorSchemaRoot batch = Flights.rows(allocator, row, count)) {
          db.run(tx -> tx.upsert(flights, batch));
        }
      }
      Runtime.getRuntime().halt(CRASHED);
    }
  }
}
