package io.khonsu.server.demo;

import io.khonsu.Khonsu;
import io.khonsu.Snapshot;
import io.khonsu.StoreConfig;
import io.khonsu.Table;
import io.khonsu.Transaction;
import io.khonsu.mvcc.ConflictType;
import io.khonsu.server.demo.AirportFile.Airport;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.jspecify.annotations.Nullable;

/** The main job of a store, on real data: load, change from many threads, prove, look back. */
public final class Demo {
  /** Longer than the demo looks back, and short enough for the history to fit into memory. */
  private static final Duration RETENTION = Duration.ofSeconds(15);

  private static final Duration LOOK_BACK = Duration.ofSeconds(2);
  private static final int FLIGHTS_DELETED = 1_000;

  /** A moment while the threads were at work, and all airports' minutes then. */
  private record Mark(long version, Instant instant, long nanos, List<Long> minutes) {}

  private final DemoSettings settings;
  private final Consumer<String> progress;
  private final Khonsu db;
  private final BufferAllocator allocator;

  private int liveAudits;
  private int wrongAudits;
  private @Nullable Mark mark;

  private Demo(
      DemoSettings settings, Consumer<String> progress, Khonsu db, BufferAllocator allocator) {
    this.settings = settings;
    this.progress = progress;
    this.db = db;
    this.allocator = allocator;
  }

  /**
   * Runs the demo.
   *
   * @param progress is told, again and again, in one line what goes on
   * @throws IOException if a file cannot be read, or is not what it should be
   */
  public static DemoReport run(DemoSettings settings, Consumer<String> progress)
      throws IOException, InterruptedException {
    StoreConfig config = StoreConfig.builder().retention(RETENTION).build();
    try (BufferAllocator allocator = new RootAllocator();
        Khonsu db = Khonsu.inMemory(config)) {
      return new Demo(settings, progress, db, allocator).run();
    }
  }

  private DemoReport run() throws IOException, InterruptedException {
    progress.accept("loading");
    List<Airport> airports = AirportFile.read(settings.airports());
    long start = System.nanoTime();
    FlightTables tables = FlightTables.load(db, settings.flights(), airports, allocator);
    long loadNanos = System.nanoTime() - start;
    long minutes = db.readOnly(snapshot -> sum(Audit.minutes(snapshot, tables)));

    MoveWorkload workload = new MoveWorkload(db, tables, settings.threads(), settings.seed());
    MoveWorkload.Result moves =
        workload.run(
            settings.duration(), (elapsed, commits) -> observe(tables, minutes, elapsed, commits));

    progress.accept("checking");
    Audit audit = db.readOnly(snapshot -> Audit.of(snapshot, tables));
    return new DemoReport(
        settings,
        new DemoReport.Load(tables.flightCount(), airports.size(), minutes, loadNanos),
        new DemoReport.Work(
            moves.elapsedNanos(), moves.commits(), moves.retries(), named(moves.aborts())),
        new DemoReport.LiveAudits(liveAudits, wrongAudits),
        audit,
        ConflictTour.in(db, allocator).run(),
        rollBack(tables),
        lookBack(tables, workload.busiestAirport(), minutes));
  }

  /** Adds up a snapshot while the threads go on, and remembers one to come back to. */
  private void observe(FlightTables tables, long expected, Duration elapsed, long commits) {
    try (Snapshot snapshot = db.snapshot()) {
      List<Long> minutes = Audit.minutes(snapshot, tables);
      liveAudits++;
      wrongAudits += sum(minutes) == expected ? 0 : 1;
      Duration left = settings.duration().minus(elapsed);
      boolean isTime = left.compareTo(LOOK_BACK) <= 0 && elapsed.compareTo(left) >= 0;
      if (mark == null || !isTime) {
        mark = new Mark(snapshot.version(), Instant.now(), System.nanoTime(), minutes);
      }
    }
    progress.accept(
        String.format(
            Locale.ROOT,
            "moving flights   %4.1f of %d s   %,12d transactions   %,9d a second",
            elapsed.toNanos() / 1e9,
            settings.duration().toSeconds(),
            commits,
            Math.round(commits * 1e9 / Math.max(1, elapsed.toNanos()))));
  }

  private DemoReport.Rollback rollBack(FlightTables tables) {
    Table flights = tables.flights();
    int deleted = Math.min(FLIGHTS_DELETED, tables.flightCount());
    long inside;
    try (Transaction transaction = db.begin()) {
      for (int row = 0; row < deleted; row++) {
        transaction.delete(flights, row);
      }
      inside = transaction.scan(flights).rowCount();
      transaction.rollback();
    }
    long after = db.readOnly(snapshot -> snapshot.scan(flights).rowCount());
    return new DemoReport.Rollback(deleted, inside, after);
  }

  private DemoReport.TimeTravel lookBack(FlightTables tables, String airport, long expected) {
    Mark past = mark;
    if (past == null) {
      throw new IllegalStateException("the threads ended before anybody looked");
    }
    long now = db.readOnly(snapshot -> minutesOf(snapshot, tables, airport));
    long then;
    boolean isUnchanged;
    try (Snapshot snapshot = db.snapshotAt(past.version())) {
      then = minutesOf(snapshot, tables, airport);
      isUnchanged = Audit.minutes(snapshot, tables).equals(past.minutes());
    }
    boolean instantHolds;
    try (Snapshot snapshot = db.snapshotAt(past.instant())) {
      instantHolds =
          snapshot.version() >= past.version() && sum(Audit.minutes(snapshot, tables)) == expected;
    }
    long agoNanos = System.nanoTime() - past.nanos();
    return new DemoReport.TimeTravel(
        airport, past.version(), then, now, agoNanos, isUnchanged, instantHolds);
  }

  private static long minutesOf(Snapshot snapshot, FlightTables tables, String airport) {
    return snapshot.get(tables.airports(), airport).orElseThrow().getLong("minutes");
  }

  private static long sum(List<Long> minutes) {
    return minutes.stream().mapToLong(Long::longValue).sum();
  }

  private static Map<String, Long> named(Map<ConflictType, Long> aborts) {
    Map<String, Long> named = new LinkedHashMap<>();
    aborts.forEach((type, count) -> named.put(type.name(), count));
    return named;
  }
}
