package io.khonsu.benchmarks;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * The comparison of stores on disk: every commit writes one item and returns when it is durable.
 * For each size of values and number of threads all contenders are warmed up, then their rounds
 * take turns on the same disk. Afterwards what they hold is checked.
 */
final class DurableBenchmark {
  /** All items together are about as large for each size. */
  private static final int ITEM_BYTES = 32 << 20;

  private static final int ITEMS_MAX = 100_000;

  private final Plan plan;
  private final Observer observer;

  /**
   * What to measure.
   *
   * @param directory where the stores are, each in a new directory that is deleted at the end
   * @param valueBytes sizes of values, at least 4
   * @param rounds how many times each contender's turn comes
   */
  record Plan(
      Path directory,
      List<DurablePeer> peers,
      List<Integer> valueBytes,
      List<Integer> threads,
      int rounds,
      long roundMillis,
      long warmUpMillis) {
    private static final int VALUE_BYTES_MAX = 1 << 20;

    /** What a contender takes to open and to close. */
    private static final long OPEN_MILLIS = 300;

    /** Checks the ranges. */
    Plan {
      peers = List.copyOf(peers);
      valueBytes = List.copyOf(valueBytes);
      threads = List.copyOf(threads);
      if (rounds < 1 || roundMillis < 1 || threads.stream().anyMatch(count -> count < 1)) {
        throw new IllegalArgumentException("rounds, round-millis and threads must be positive");
      }
      if (valueBytes.stream().anyMatch(size -> size < Integer.BYTES || size > VALUE_BYTES_MAX)) {
        throw new IllegalArgumentException(
            "a value has from " + Integer.BYTES + " to " + VALUE_BYTES_MAX + " bytes");
      }
    }

    /** {@return how many sizes, by how many threads, are measured} */
    int stepCount() {
      return valueBytes.size() * threads.size();
    }

    /** {@return about how long all of it takes} */
    Duration estimate() {
      long perContender =
          valueBytes.size() * OPEN_MILLIS + stepCount() * (warmUpMillis + rounds * roundMillis);
      return Duration.ofMillis(peers.size() * perContender);
    }
  }

  /** Learns how far a benchmark is. */
  interface Observer {
    /** Rounds with values of one size by so many threads begin. */
    void starts(int valueBytes, int threads);

    /** What was measured then of all contenders. */
    void measured(List<DurableMeasurement> measured);
  }

  DurableBenchmark(Plan plan, Observer observer) {
    this.plan = plan;
    this.observer = observer;
  }

  /**
   * {@return all that was measured}
   *
   * @throws IllegalStateException if a contender broke its promise
   */
  List<DurableMeasurement> run() throws Exception {
    List<DurableMeasurement> all = new ArrayList<>();
    for (int valueBytes : plan.valueBytes()) {
      Path directory = Files.createTempDirectory(plan.directory(), "khonsu-bench-durable");
      try (Entrants entrants = new Entrants(directory, valueBytes)) {
        for (int threads : plan.threads()) {
          observer.starts(valueBytes, threads);
          List<DurableMeasurement> measured = run(entrants, threads);
          observer.measured(measured);
          all.addAll(measured);
        }
      } finally {
        Directories.delete(directory);
      }
    }
    return all;
  }

  private List<DurableMeasurement> run(Entrants entrants, int threads) throws Exception {
    Map<DurablePeer, DurableMeasurement> measured = new EnumMap<>(DurablePeer.class);
    List<DurablePeer> order = plan.peers();
    try (Crew crew = new Crew(threads)) {
      for (DurablePeer peer : order) {
        measured.put(peer, new DurableMeasurement(peer, entrants.valueBytes, threads));
        var _ = entrants.run(peer, crew, threads, plan.warmUpMillis());
      }
      for (int round = 0; round < plan.rounds(); round++) {
        for (DurablePeer peer : order) {
          Objects.requireNonNull(measured.get(peer))
              .add(entrants.run(peer, crew, threads, plan.roundMillis()));
        }
        order = order.reversed();
      }
    }
    return List.copyOf(measured.values());
  }

  /** All contenders with values of one size. */
  private final class Entrants implements AutoCloseable {
    private final Map<DurablePeer, DurableContender> contenders = new EnumMap<>(DurablePeer.class);
    private final int valueBytes;
    private final int itemCount;

    private Entrants(Path directory, int valueBytes) throws Exception {
      this.valueBytes = valueBytes;
      this.itemCount = Math.min(ITEMS_MAX, ITEM_BYTES / valueBytes);
      for (DurablePeer peer : plan.peers()) {
        contenders.put(peer, peer.create(Files.createDirectory(directory.resolve(peer.id()))));
      }
    }

    private Rounds.Round run(DurablePeer peer, Crew crew, int threads, long millis)
        throws Exception {
      DurableContender contender = Objects.requireNonNull(contenders.get(peer));
      List<Writer> writers = new ArrayList<>();
      for (int thread = 0; thread < threads; thread++) {
        writers.add(new Writer(contender.open(), thread));
      }
      List<Crew.Share> shares = crew.run(writers, millis);
      for (Writer writer : writers) {
        writer.check(peer, contender);
        writer.session.close();
      }
      return Crew.Share.total(shares);
    }

    @Override
    public void close() throws IOException {
      for (DurableContender contender : contenders.values()) {
        contender.close();
      }
    }

    /** One thread's commits: random items, each with a value that names it. */
    private final class Writer extends Crew.Worker {
      private final DurableContender.Session session;
      private final SplittableRandom random;
      private final byte[] value = new byte[valueBytes];
      private int item = -1;

      private Writer(DurableContender.Session session, int thread) {
        super(1);
        this.session = session;
        this.random = new SplittableRandom(thread);
        random.nextBytes(value);
      }

      @Override
      void transact(long n) throws Exception {
        item = random.nextInt(itemCount);
        ByteBuffer.wrap(value).putInt(item);
        session.commit(item, value);
      }

      /** The last item written may have got another writer's value since, but one of its own. */
      private void check(DurablePeer peer, DurableContender contender) throws Exception {
        byte @Nullable [] found = item < 0 ? null : contender.read(item);
        boolean unreadable = item < 0 || peer == DurablePeer.LIMIT;
        boolean right =
            found != null && found.length == valueBytes && ByteBuffer.wrap(found).getInt() == item;
        if (!unreadable && !right) {
          throw new IllegalStateException(peer.title() + " has lost item " + item);
        }
      }
    }
  }
}
