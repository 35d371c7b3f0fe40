package io.khonsu;

import static org.assertj.core.api.Assertions.assertThat;

import io.khonsu.testkit.LeakChecking;
import java.time.InstantSource;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.arrow.memory.BufferAllocator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Commits that come while the storage is busy: together, and not to be seen before. */
@ExtendWith(LeakChecking.class)
@Timeout(60)
class GroupCommitTest {
  private static final int THREADS = 6;
  private static final int COMMITS = 300;

  @Test
  void slowStorage_commitsInGroups_readersSeeOnlyWhatIsDurable(BufferAllocator allocator) {
    ScriptedStorage storage = new ScriptedStorage();
    AtomicLong durable = new AtomicLong();
    try (Khonsu db =
        Khonsu.open(StoreConfig.defaults(), storage, allocator, InstantSource.system())) {
      Table table = Items.rows(db, "items");
      // A storage that is slow: it lets other threads go first, and ends with a durable version.
      storage.script((_, commits) -> {
        for (int i = 0; i < 50; i++) {
          Threads.letOthersRun();
        }
        durable.set(commits.getLast().version());
      });
      Threads.run(
          THREADS,
          number -> {
            for (long i = 1; i <= COMMITS; i++) {
              long version = Items.put(db, table, "k" + number, i).version();
              assertThat(durable.get()).isGreaterThanOrEqualTo(version);
              try (Snapshot snapshot = db.snapshot()) {
                assertThat(snapshot.version()).isGreaterThanOrEqualTo(version);
                assertThat(durable.get()).isGreaterThanOrEqualTo(snapshot.version());
                assertThat(Items.value(snapshot, table, "k" + number)).isEqualTo(i);
              }
            }
          });
      assertThat(storage.groupSizes()).anyMatch(size -> size > 1);
      assertThat(storage.groupSizes().stream().mapToInt(Integer::intValue).sum())
          .isEqualTo(1 + THREADS * COMMITS);
    }
  }

  @Test
  void waitingCommit_isInvisible_untilTheStorageReturns(BufferAllocator allocator) {
    ScriptedStorage storage = new ScriptedStorage();
    try (Khonsu db =
        Khonsu.open(StoreConfig.defaults(), storage, allocator, InstantSource.system())) {
      Table table = Items.rows(db, "items");
      long version = db.newestVersion();
      var gate = storage.holdNext();
      try (var committing = Threads.start(1, _ -> Items.put(db, table, "a", 1))) {
        gate.awaitReached();
        assertThat(db.newestVersion()).isEqualTo(version);
        assertThat(Items.state(db, table)).isEmpty();
        try (Transaction tx = db.begin(TransactionOptions.readCommitted())) {
          assertThat(tx.get(table, "a")).isEmpty();
          assertThat(tx.scan(table).rowCount()).isZero();
        }
        assertThat(committing.isAnyAlive()).isTrue();
        gate.open();
      }
      assertThat(Items.state(db, table)).containsEntry("a", 1L);
    }
  }

  @Test
  void close_whileCommitsWait_finishesThem(BufferAllocator allocator) {
    ScriptedStorage storage = new ScriptedStorage();
    Khonsu db = Khonsu.open(StoreConfig.defaults(), storage, allocator, InstantSource.system());
    Table table = Items.rows(db, "items");
    var gate = storage.holdNext();
    try (var committing = Threads.start(3, number -> Items.put(db, table, "k" + number, 1))) {
      gate.awaitReached();
      committing.awaitAllWaiting();
      try (var closing = Threads.start(1, _ -> db.close())) {
        Threads.awaitUntil(() -> isClosed(db));
        gate.open();
        closing.join();
      }
    }
    try (Khonsu again =
        Khonsu.open(
            StoreConfig.defaults(),
            new ScriptedStorage(storage.kept()),
            allocator,
            InstantSource.system())) {
      assertThat(Items.state(again, again.table("items").orElseThrow())).hasSize(3);
    }
  }

  static boolean isClosed(Khonsu db) {
    try {
      db.tables();
      return false;
    } catch (StoreClosedException _) {
      return true;
    }
  }
}
