package io.khonsu;

import static org.assertj.core.api.Assertions.assertThat;

import io.khonsu.spi.InMemoryStorage;
import io.khonsu.testkit.LeakChecking;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordedFrame;
import jdk.jfr.consumer.RecordingFile;
import org.apache.arrow.memory.BufferAllocator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Thousands of virtual threads, each in a transaction: none pins its carrier in the store. */
@ExtendWith(LeakChecking.class)
@Timeout(240)
class VirtualThreadsTest {
  private static final int THREADS = 4_000;
  private static final int COUNTERS = 500;
  private static final TransactionOptions PATIENT =
      TransactionOptions.serializable().timeout(Duration.ofHours(1));

  @TempDir private Path directory;

  /** Something to be watched by the recorder. */
  @FunctionalInterface
  private interface Watched {
    void run() throws Exception;
  }

  /** {@return the events of carriers pinned under some code while it ran} */
  private List<RecordedEvent> pinnings(String code, Watched watched) throws Exception {
    Path file = directory.resolve("pinned.jfr");
    try (Recording recording = new Recording()) {
      recording.enable("jdk.VirtualThreadPinned").withThreshold(Duration.ZERO).withStackTrace();
      recording.start();
      watched.run();
      recording.stop();
      recording.dump(file);
    }
    return RecordingFile.readAllEvents(file).stream()
        .filter(event -> event.getStackTrace() != null)
        .filter(event -> event.getStackTrace().getFrames().stream().anyMatch(f -> isIn(f, code)))
        .filter(event -> !isMonitorOfTheJdk(event))
        .toList();
  }

  /** Its collections hold one for a few instructions, and a thread may meet another there. */
  private static boolean isMonitorOfTheJdk(RecordedEvent event) {
    return "Contended monitor enter".equals(event.getString("blockingOperation"))
        && isIn(event.getStackTrace().getFrames().getFirst(), "java.");
  }

  private static boolean isIn(RecordedFrame frame, String code) {
    return frame.getMethod().getType().getName().startsWith(code);
  }

  /** A wait inside a class's initialization holds the carrier: the detector must see it. */
  @Test
  void recorder_findsAPinnedThread() throws Exception {
    List<RecordedEvent> found =
        pinnings(
            "io.khonsu.VirtualThreadsTest",
            () -> {
              Thread thread = Thread.ofVirtual().start(() -> assertThat(Pinning.PARKED).isTrue());
              thread.join();
            });
    assertThat(found).isNotEmpty();
  }

  /** Parks while it is initialized. */
  private static final class Pinning {
    static final boolean PARKED = park();

    private static boolean park() {
      java.util.concurrent.locks.LockSupport.parkNanos(1_000_000);
      return true;
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void transactions_allOpenAtOnce_commitWithoutPinning(boolean isStored, BufferAllocator root)
      throws Exception {
    try (Khonsu db = open(isStored, root)) {
      Table table = Items.rows(db, "items");
      // Classes are loaded, which may pin: of absent rows, then of rows that are there and collide.
      waitAndCount(db, table, 10);
      waitAndCount(db, table, 2 * COUNTERS);
      List<RecordedEvent> found = pinnings("io.khonsu", () -> waitAndCount(db, table, THREADS));
      assertThat(found).isEmpty();
      long sum =
          Items.state(db, table).entrySet().stream()
              .filter(row -> row.getKey().startsWith("counter"))
              .mapToLong(java.util.Map.Entry::getValue)
              .sum();
      assertThat(sum).isEqualTo(THREADS + 2 * COUNTERS + 10);
      assertThat(db.statistics().held().openViews()).isZero();
      assertThat(db.contention().waiting()).isZero();
    }
  }

  private static Khonsu open(boolean isStored, BufferAllocator root) {
    return isStored
        ? Khonsu.open(StoreConfig.defaults(), new InMemoryStorage(), root, InstantSource.system())
        : Khonsu.inMemory(StoreConfig.defaults(), root);
  }

  /** All begin and wait for each other, then wait for a go in retry(), then collide and commit. */
  private static void waitAndCount(Khonsu db, Table table, int threads)
      throws InterruptedException, ExecutionException {
    String go = "go" + threads;
    CountDownLatch begun = new CountDownLatch(threads);
    List<Future<?>> running = new ArrayList<>();
    try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < threads; i++) {
        String counter = "counter" + i % COUNTERS;
        running.add(
            executor.submit(() -> {
              try (Transaction tx = db.begin()) {
                var _ = tx.get(table, counter);
                begun.countDown();
                begun.await();
                assertThat(tx.contains(table, "nothing")).isFalse();
              }
              db.run(
                  PATIENT,
                  tx -> {
                    tx.retryUnless(tx.contains(table, go));
                    long count = Math.max(0, Items.value(tx, table, counter));
                    tx.upsert(table, table.row(counter, count + 1));
                  });
              return null;
            }));
      }
      begun.await();
      Threads.awaitUntil(() -> db.contention().waiting() == threads);
      Items.put(db, table, go, 1);
      for (Future<?> future : running) {
        future.get();
      }
    }
  }

  /** ThreadLocalRandom is none: its state lies in the thread itself, as that of a virtual one. */
  @Test
  void library_usesNoThreadLocal() throws IOException {
    for (String module : List.of("khonsu-core", "khonsu-mvcc")) {
      Path sources = Path.of("..", module, "src", "main", "java");
      try (Stream<Path> files = Files.walk(sources)) {
        List<Path> found =
            files
                .filter(file -> file.toString().endsWith(".java"))
                .filter(VirtualThreadsTest::namesThreadLocal)
                .toList();
        assertThat(found).isEmpty();
      }
    }
  }

  private static boolean namesThreadLocal(Path file) {
    try {
      return Files.readAllLines(file).stream()
          .filter(line -> !line.strip().startsWith("*"))
          .anyMatch(line -> line.matches(".*\\b(Inheritable)?ThreadLocal\\b.*"));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}
