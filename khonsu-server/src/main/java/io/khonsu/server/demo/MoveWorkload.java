package io.khonsu.server.demo;

import io.khonsu.KeyRange;
import io.khonsu.Khonsu;
import io.khonsu.Row;
import io.khonsu.Table;
import io.khonsu.Transaction;
import io.khonsu.TransactionConflictException;
import io.khonsu.mvcc.ConflictType;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

/**
 * Threads that move flights, and with them their delay minutes, from airport to airport, each move
 * a serializable transaction of its own. Half of the moves go to a few large airports, so that
 * transactions collide.
 */
final class MoveWorkload {
  private static final int ADJACENT_FLIGHTS = 3;
  private static final long TICK_MILLIS = 100;
  private static final List<String> LARGE_AIRPORTS =
      List.of(
          "ATL", "ORD", "DFW", "DEN", "LAX", "PHX", "LAS", "DTW", "MSP", "IAH", "SFO", "EWR", "STL",
          "CLT", "MCO", "SEA");

  /**
   * What it did.
   *
   * @param elapsedNanos from the first transaction to the last
   * @param commits how many moves were made
   * @param retries how often a move was tried again
   * @param aborts why tries failed: the type of the first conflict
   */
  record Result(long elapsedNanos, long commits, long retries, Map<ConflictType, Long> aborts) {
    Result {
      aborts = Collections.unmodifiableMap(new EnumMap<>(aborts));
    }
  }

  /** Called again and again while the threads are at work. */
  interface Monitor {
    /** Looks at the store. */
    void tick(Duration elapsed, long commits);
  }

  private final Khonsu db;
  private final FlightTables tables;
  private final List<String> hubs;
  private final LongAdder commits = new LongAdder();
  private final Map<ConflictType, LongAdder> aborts = new ConcurrentHashMap<>();
  private final CountDownLatch running;
  private final SplittableRandom random;
  private volatile boolean stopped;

  /** Prepares as many threads; {@link #run} is called once. */
  MoveWorkload(Khonsu db, FlightTables tables, int threads, long seed) {
    this.db = db;
    this.tables = tables;
    List<String> large = LARGE_AIRPORTS.stream().filter(tables.codes()::contains).toList();
    this.hubs = large.isEmpty() ? tables.codes().subList(0, 1) : large;
    this.running = new CountDownLatch(threads);
    this.random = new SplittableRandom(seed);
  }

  /** {@return an airport that many flights move to} */
  String busiestAirport() {
    return hubs.getFirst();
  }

  /** Runs the threads for a while. */
  Result run(Duration duration, Monitor monitor) throws InterruptedException {
    long retriesBefore = db.statistics().retries();
    long start = System.nanoTime();
    List<Future<?>> workers = new ArrayList<>();
    int threads = (int) running.getCount();
    try (ExecutorService executor = Executors.newFixedThreadPool(threads)) {
      for (int i = 0; i < threads; i++) {
        SplittableRandom own = random.split();
        workers.add(executor.submit(() -> work(own)));
      }
      watch(start, duration, monitor);
    } finally {
      stopped = true;
    }
    long elapsed = System.nanoTime() - start;
    workers.forEach(MoveWorkload::check);
    Map<ConflictType, Long> reasons = new EnumMap<>(ConflictType.class);
    aborts.forEach((type, count) -> reasons.put(type, count.sum()));
    return new Result(elapsed, commits.sum(), db.statistics().retries() - retriesBefore, reasons);
  }

  private void watch(long start, Duration duration, Monitor monitor) throws InterruptedException {
    try {
      Duration elapsed = Duration.ZERO;
      while (elapsed.compareTo(duration) < 0
          && !running.await(TICK_MILLIS, TimeUnit.MILLISECONDS)) {
        elapsed = Duration.ofNanos(System.nanoTime() - start);
        monitor.tick(elapsed, commits.sum());
      }
    } finally {
      stopped = true;
    }
  }

  private static void check(Future<?> worker) {
    try {
      worker.get();
    } catch (ExecutionException e) {
      throw new IllegalStateException("a thread of the workload failed", e.getCause());
    } catch (InterruptedException e) {
      throw new IllegalStateException("interrupted although the threads have ended", e);
    }
  }

  private void work(SplittableRandom own) {
    try {
      while (!stopped) {
        int row = own.nextInt(tables.flightCount());
        List<String> choices = own.nextBoolean() ? hubs : tables.codes();
        String target = choices.get(own.nextInt(choices.size()));
        db.run(transaction -> {
          move(transaction, row, target);
          commit(transaction);
        });
        commits.increment();
      }
    } finally {
      running.countDown();
    }
  }

  /** Moves the most delayed of a few flights. */
  private void move(Transaction transaction, int row, String target) {
    KeyRange adjacent = KeyRange.closedOpen(row, row + ADJACENT_FLIGHTS);
    Row moved =
        transaction.scan(tables.flights(), adjacent).rows().stream()
            .max(Comparator.comparingInt(flight -> flight.getInt("delay")))
            .orElseThrow();
    String from = moved.getString("airport");
    String to = from.equals(target) ? otherThan(from) : target;
    int minutes = moved.getInt("delay");
    transaction.update(tables.flights(), moved.with("airport", to));
    add(transaction, from, -1, -minutes);
    add(transaction, to, 1, minutes);
  }

  private String otherThan(String airport) {
    List<String> codes = tables.codes();
    return codes.getFirst().equals(airport) ? codes.getLast() : codes.getFirst();
  }

  private void add(Transaction transaction, String airport, int flights, int minutes) {
    Table airports = tables.airports();
    Row row = transaction.get(airports, airport).orElseThrow();
    transaction.update(
        airports,
        row.with("flights", row.getInt("flights") + flights)
            .with("minutes", row.getLong("minutes") + minutes));
  }

  /** Committing here rather than in {@code run}, which keeps conflicts to itself, shows why. */
  private void commit(Transaction transaction) {
    try {
      var _ = transaction.commit();
    } catch (TransactionConflictException e) {
      aborts.computeIfAbsent(e.conflicts().getFirst().type(), _ -> new LongAdder()).increment();
      throw e;
    }
  }
}
