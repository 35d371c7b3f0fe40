package io.khonsu;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Who waits for whom in a store whose memory is full, and what goes on in the background. */
@Timeout(120)
class SpillingPaceTest {
  private static final long BUDGET = 2 << 20;
  private static final int ROWS = 8_000;

  @TempDir private Path root;

  /** {@return whether a row that was just read is in memory then, though nobody uses it} */
  private static boolean isKept(Khonsu db, Table table) {
    read(db, table);
    System.gc();
    long before = db.statistics().spilling().broughtBack();
    read(db, table);
    return db.statistics().spilling().broughtBack() == before;
  }

  private static void read(Khonsu db, Table table) {
    try (Snapshot snapshot = db.snapshot()) {
      assertThat(snapshot.get(table, 0L).orElseThrow().getLong("value")).isZero();
    }
  }

  /** At one row a second the rest after looking at some takes many minutes. */
  @Test
  void roomForReaders_isMadeDuringARestOfCompaction() {
    try (SpillingPlace place = new SpillingPlace(root.resolve("store"))) {
      StoreConfig config =
          StoreConfig.builder().memoryBudgetBytes(BUDGET).compactionRowsPerSecond(1).build();
      try (Khonsu db = place.open(config)) {
        Table table = SpillingPlace.table(db, "rows");
        SpillingPlace.load(db, table, 0, ROWS);
        Threads.awaitUntil(() -> isKept(db, table));
      }
    }
  }

  @Test
  void roomForReaders_isMadeAfterAnErrorOfCompaction() {
    try (SpillingPlace place = new SpillingPlace(root.resolve("store"))) {
      StoreConfig config = StoreConfig.builder().memoryBudgetBytes(BUDGET).build();
      try (Khonsu db = place.open(config)) {
        Table table = SpillingPlace.table(db, "rows");
        place.engine().failReadOf("khonsu-compaction", new OutOfMemoryError("planned"));
        SpillingPlace.load(db, table, 0, ROWS);
        Threads.awaitUntil(() -> place.engine().hasFailedRead());
        Threads.awaitUntil(() -> isKept(db, table));
      }
    }
  }

  /** Each would wait ten seconds. */
  @Test
  void commitsThatTakeNoArrowMemory_waitForNoRoom() throws InterruptedException {
    try (SpillingPlace place = new SpillingPlace(root.resolve("store"));
        Khonsu db = place.open(SpillingPlace.budget(BUDGET).memoryLimitBytes(3 * BUDGET).build())) {
      Table table = SpillingPlace.table(db, "rows");
      SpillingPlace.load(db, table, 0, ROWS / 2);
      try (Staying reader = new Staying(place, db, table)) {
        long id = ROWS / 2;
        Thread.currentThread().interrupt(); // who is interrupted does not wait
        while (db.statistics().held().memoryBytes() <= 2 * BUDGET) {
          SpillingPlace.load(db, table, id, id + 100);
          id += 100;
        }
        assertThat(Thread.interrupted()).isTrue();
        for (int i = 0; i < 20; i++) {
          db.run(tx -> assertThat(tx.contains(table, 1_000_000L)).isFalse());
          long deleted = id - 1 - i;
          db.run(tx -> tx.delete(table, deleted));
        }
        assertThat(reader.isStaying()).isTrue();
      }
    }
  }

  /** Half-way to the limit is half-way to the nearest one. */
  @Test
  void commitsWithASmallAllocator_doNotWaitAsIfMemoryWereShort() throws Exception {
    try (SpillingPlace place = new SpillingPlace(root.resolve("store"), 64 << 20);
        Khonsu db = place.open(SpillingPlace.budget(BUDGET).build())) {
      Table table = SpillingPlace.table(db, "rows");
      SpillingPlace.load(db, table, 0, ROWS / 2);
      try (Staying reader = new Staying(place, db, table)) {
        SpillingPlace.load(db, table, ROWS / 2, ROWS);
        assertThat(reader.isStaying()).isTrue();
      }
    }
  }

  /** Four commit, and one of them at a time writes to a slow disk: the others wait for that. */
  @Test
  void commitsThatOutrunTheDisk_stayNearTheBudget() {
    try (SpillingPlace place = new SpillingPlace(root.resolve("store"));
        Khonsu db = place.open(SpillingPlace.budget(BUDGET).build())) {
      Table table = SpillingPlace.table(db, "rows");
      AtomicLong most = new AtomicLong();
      place.engine().slowWrites();
      Threads.run(
          4,
          thread -> {
            for (long first = (long) thread * ROWS; first < (thread + 1L) * ROWS; first += 100) {
              SpillingPlace.load(db, table, first, first + 100);
              long resident = db.statistics().spilling().residentBytes();
              most.accumulateAndGet(resident, Math::max);
            }
          });
      long written = 4L * ROWS * SpillingPlace.PAYLOAD_BYTES;
      assertThat(most.get()).isLessThan(written / 2);
    }
  }

  /** A reader that stays inside its view, and keeps what was in memory when it came. */
  private static final class Staying implements AutoCloseable {
    private final ScratchFaults.Gate gate;
    private final Threads.Running reader;

    Staying(SpillingPlace place, Khonsu db, Table table) throws InterruptedException {
      gate = place.engine().holdUp();
      reader = Threads.start(1, _ -> read(db, table));
      gate.reached.await();
    }

    boolean isStaying() {
      return reader.isAnyAlive();
    }

    @Override
    public void close() {
      gate.open.countDown();
      reader.join();
      reader.close();
    }
  }
}
