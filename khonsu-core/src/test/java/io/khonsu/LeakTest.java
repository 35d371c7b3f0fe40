package io.khonsu;

import static org.assertj.core.api.Assertions.assertThat;

import io.khonsu.testkit.LeakChecking;
import java.time.InstantSource;
import java.util.SplittableRandom;
import org.apache.arrow.memory.BufferAllocator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever becomes of transactions, nothing of them stays but what they committed. */
@ExtendWith(LeakChecking.class)
@Timeout(600)
class LeakTest {
  private static final int ROWS = 500;
  private static final int COLLECTIONS_MAX = 200;

  private BufferAllocator allocator;

  @BeforeEach
  void setUp(BufferAllocator root) {
    allocator = root;
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void transactions_ofAllFates_leaveOnlyWhatTheyCommitted(boolean isStored) {
    run(isStored, 20_000);
  }

  @Tag("long")
  @Test
  void millionTransactions_ofAllFates_leaveOnlyWhatTheyCommitted() {
    run(false, 1_000_000);
  }

  private void run(boolean isStored, int transactions) {
    ScriptedStorage storage = new ScriptedStorage();
    try (Khonsu db =
        isStored
            ? Khonsu.open(StoreConfig.defaults(), storage, allocator, InstantSource.system())
            : Khonsu.inMemory(StoreConfig.defaults(), allocator)) {
      Table table = Items.rows(db, "items");
      db.run(tx -> {
        for (int i = 0; i < ROWS; i++) {
          tx.upsert(table, table.row("k" + i, 0L));
        }
      });
      long highest = 0;
      long settled = 0;
      for (int part = 0; part < 10; part++) {
        Threads.run(
            2,
            number -> {
              SplittableRandom random = new SplittableRandom(number);
              for (int i = 0; i < transactions / 20; i++) {
                oneTransaction(db, table, random);
              }
            });
        awaitOnlyCommitted(db);
        long used = db.statistics().held().memoryBytes();
        highest = Math.max(highest, used);
        settled = part == 2 ? highest : settled;
      }
      assertThat(highest).isLessThanOrEqualTo(Math.max(2 * settled, 1 << 20));
    }
  }

  /** Views lost without being closed are found by the garbage collector, sooner or later. */
  private static void awaitOnlyCommitted(Khonsu db) {
    for (int i = 0; i < COLLECTIONS_MAX && db.statistics().held().openViews() > 0; i++) {
      System.gc();
      Threads.letOthersRun();
    }
    db.collect();
    StoreStatistics.Held held = db.statistics().held();
    assertThat(held.openViews()).isZero();
    assertThat(held.items()).isEqualTo(ROWS + 1);
    assertThat(held.versions()).isEqualTo(ROWS + 1);
    assertThat(held.commitRecords()).isLessThanOrEqualTo(1);
  }

  @SuppressWarnings("MustBeClosedChecker") // losing some is what this is about
  private static void oneTransaction(Khonsu db, Table table, SplittableRandom random) {
    int fate = random.nextInt(200);
    if (fate == 0) {
      loseTransaction(db, table);
      return;
    }
    if (fate == 1) {
      assertThat(db.snapshot().get(table, "k0")).isPresent();
      return;
    }
    try (Transaction tx = db.begin(TransactionOptions.snapshot())) {
      for (int i = 0; i < 1 + random.nextInt(3); i++) {
        tx.upsert(table, table.row("k" + random.nextInt(ROWS), random.nextLong()));
      }
      if (fate < 4) { // enough to be kept outside the heap
        for (int i = 0; i < ROWS; i++) {
          tx.upsert(table, table.row("k" + i, random.nextLong()));
        }
      }
      if (fate % 2 == 0) {
        tx.commit();
      } else {
        tx.upsert(table, table.row("new" + fate, 1L));
      }
    } catch (TransactionConflictException _) {
      return;
    }
  }

  /** The collector may find the transaction while its result is still in use. */
  @SuppressWarnings("MustBeClosedChecker") // losing it is what this is about
  private static void loseTransaction(Khonsu db, Table table) {
    Transaction lost = db.begin();
    lost.upsert(table, table.row("new", 1L));
    ScanResult result = lost.scan(table, KeyRange.prefix("k1"));
    try {
      var _ = result.toBatch();
      assertThat(result.rows()).isNotEmpty();
    } catch (TransactionClosedException _) {
      return; // it was
    }
  }
}
