package io.khonsu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.testkit.LeakChecking;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.arrow.memory.BufferAllocator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Watching a range: what is told, in which order, and how a watch ends. */
@ExtendWith(LeakChecking.class)
@Timeout(120)
class WatchTest {
  private static final StoreConfig KEEPING =
      StoreConfig.builder().retention(Duration.ofHours(1)).build();

  private BufferAllocator allocator;
  private Khonsu db;
  private Table table;

  @BeforeEach
  void setUp(BufferAllocator root) {
    allocator = root;
    open(KEEPING);
  }

  private void open(StoreConfig config) {
    if (db != null) {
      db.close();
    }
    db = Khonsu.inMemory(config, allocator);
    table = Items.rows(db, "items");
  }

  @AfterEach
  void tearDown() {
    db.close();
  }

  /** Applies changes, and checks each before-image against what the watcher knows. */
  static void apply(CommitChanges commit, SortedMap<String, Long> state) {
    for (Change change : commit.changes()) {
      String id = (String) change.key().getFirst();
      Long before = change.before().map(row -> row.getLong("value")).orElse(null);
      Long after = change.after().map(row -> row.getLong("value")).orElse(null);
      assertThat(state.get(id)).as("%s before %d", id, commit.version()).isEqualTo(before);
      if (after == null) {
        state.remove(id);
      } else {
        state.put(id, after);
      }
    }
  }

  @Test
  void watch_ofWhatIsNotThere_isRefused() {
    long newest = db.newestVersion();
    assertThatThrownBy(() -> db.changes(table, KeyRange.all(), newest + 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(String.valueOf(newest + 1));
    assertThatThrownBy(() -> db.changes(table, KeyRange.single(7)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> db.changes(table, KeyRange.all(), -1))
        .isInstanceOf(SnapshotTooOldException.class);
    Table gone = Items.rows(db, "gone");
    db.dropTable(gone);
    assertThatThrownBy(() -> db.changes(gone, KeyRange.all()))
        .isInstanceOf(TableDroppedException.class);
    db.close();
    assertThatThrownBy(() -> db.changes(table, KeyRange.all()))
        .isInstanceOf(StoreClosedException.class);
  }

  @Test
  void watch_fromAPrunedVersion_namesTheOldest() {
    open(StoreConfig.defaults());
    long first = Items.put(db, table, "a", 1).version();
    Items.put(db, table, "a", 2);
    db.collect();
    assertThatThrownBy(() -> db.changes(table, KeyRange.all(), first))
        .isInstanceOfSatisfying(
            SnapshotTooOldException.class,
            e -> assertThat(e.oldestVersion()).isEqualTo(db.oldestVersion()));
    assertThat(db.statistics().held().commitRecords()).isZero();
  }

  @Test
  void changes_haveImagesAndKinds_inTheOrderOfCommits() {
    try (ChangeFeed feed = db.changes(table, KeyRange.prefix("a"))) {
      long first = Items.put(db, table, "a1", 1).version();
      Items.put(db, table, "b", 1);
      db.run(tx -> {
        tx.upsert(table, table.row("a2", 5L));
        tx.upsert(table, table.row("a1", 2L));
        tx.upsert(table, table.row("c", 2L));
      });
      db.run(tx -> tx.delete(table, "a1"));
      CommitChanges commit = feed.poll().orElseThrow();
      assertThat(commit.version()).isEqualTo(first);
      assertThat(commit.changes()).hasToString("[INSERTED [a1]: [] -> [(id=a1, value=1)]]");
      assertThat(feed.version()).isEqualTo(first);
      assertThat(feed.poll().orElseThrow().changes())
          .hasToString(
              "[UPDATED [a1]: [(id=a1, value=1)] -> [(id=a1, value=2)],"
                  + " INSERTED [a2]: [] -> [(id=a2, value=5)]]");
      assertThat(feed.poll().orElseThrow().changes())
          .hasToString("[DELETED [a1]: [(id=a1, value=2)] -> []]");
      assertThat(feed.poll()).isEmpty();
      assertThat(feed.version()).isEqualTo(db.newestVersion());
    }
  }

  @Test
  void changes_ofABatchTable_haveAllRows() {
    Table batches = Items.batches(db, "batches");
    try (ChangeFeed feed = db.changes(batches, KeyRange.all())) {
      db.run(tx -> Items.write(tx, batches, "x", allocator, 1, 2));
      db.run(tx -> tx.delete(batches, "x"));
      assertThat(feed.poll().orElseThrow().changes().getFirst().rowsAfter()).hasSize(2);
      assertThat(feed.poll().orElseThrow().changes())
          .hasToString("[DELETED [x]: [(number=1), (number=2)] -> []]");
    }
  }

  @Test
  @SuppressWarnings("try") // closed from another thread
  void poll_waitsForACommit_andCanBeInterrupted() throws Exception {
    try (ChangeFeed feed = db.changes(table, KeyRange.all())) {
      assertThat(feed.poll(Duration.ofNanos(1))).isEmpty();
      List<CommitChanges> found = Collections.synchronizedList(new ArrayList<>());
      try (var _ =
          Threads.start(
              1, _ -> found.add(feed.poll(Duration.ofSeconds(Long.MAX_VALUE)).orElseThrow()))) {
        Threads.awaitUntil(() -> db.contention().waiting() == 1);
        assertThatThrownBy(feed::poll).isInstanceOf(ConcurrentUseException.class);
        Items.put(db, table, "a", 1);
      }
      assertThat(found).hasSize(1);
      Thread.currentThread().interrupt();
      assertThatThrownBy(() -> feed.poll(Duration.ofHours(1)))
          .isInstanceOf(InterruptedException.class);
      AtomicReference<Throwable> thrown = new AtomicReference<>();
      try (var _ =
          Threads.start(
              1,
              _ -> {
                try {
                  var _ = feed.poll(Duration.ofHours(1));
                } catch (RuntimeException e) {
                  thrown.set(e);
                }
              })) {
        Threads.awaitUntil(() -> db.contention().waiting() == 1);
        feed.close();
      }
      assertThat(thrown.get()).isInstanceOf(IllegalStateException.class);
    }
    assertThat(db.contention().waiting()).isZero();
  }

  @Test
  void quietRange_keepsNothing_whileOthersChange() {
    open(StoreConfig.defaults());
    try (ChangeFeed feed = db.changes(table, KeyRange.prefix("a"))) {
      for (int i = 0; i < 10_000; i++) {
        Items.put(db, table, "b", i);
      }
      db.collect();
      db.collect();
      assertThat(db.statistics().held().versions()).isLessThan(10);
      assertThat(feed.poll()).isEmpty();
      Items.put(db, table, "a", 1);
      assertThat(feed.poll()).isPresent();
    }
  }

  @Test
  void slowFeed_keepsItsBacklog_thenIsEndedAndResumes() {
    open(StoreConfig.builder().retention(Duration.ofHours(1)).watchBacklogBytes(20_000).build());
    SortedMap<String, Long> state = new TreeMap<>();
    try (ChangeFeed feed = db.changes(table, KeyRange.all())) {
      for (int i = 0; i < 50; i++) {
        Items.put(db, table, "k" + i % 7, i);
      }
      for (int i = 0; i < 20; i++) {
        apply(feed.poll().orElseThrow(), state);
      }
      long seen = feed.version();
      for (int i = 50; i < 2_000; i++) {
        Items.put(db, table, "k" + i % 7, i);
      }
      assertThatThrownBy(feed::poll)
          .isInstanceOfSatisfying(
              WatchEndedException.class,
              e -> {
                assertThat(e.reason()).isEqualTo(WatchEndedException.Reason.FELL_BEHIND);
                assertThat(e.resumeVersion()).isEqualTo(seen);
                assertThat(e.retry()).isEqualTo(StoreException.Retry.SAME_CALL_LATER);
              });
      try (ChangeFeed resumed = db.changes(table, KeyRange.all(), feed.version())) {
        for (var commit = resumed.poll(); commit.isPresent(); commit = resumed.poll()) {
          apply(commit.get(), state);
        }
      }
    }
    assertThat(state).isEqualTo(Items.state(db, table));
  }

  @Test
  void slowFeed_isEnded_ratherThanKeepingMemory() {
    open(StoreConfig.builder().watchBacklogBytes(20_000).build());
    try (ChangeFeed feed = db.changes(table, KeyRange.all())) {
      for (int i = 0; i < 5_000; i++) {
        Items.put(db, table, "k" + i % 7, i);
      }
      db.collect();
      assertThat(db.statistics().held().versions()).isLessThan(20);
      assertThatThrownBy(feed::poll).isInstanceOf(WatchEndedException.class);
    }
  }

  @Test
  void droppedTable_endsTheWatch_afterItsChanges() throws Exception {
    CountDownLatch ended = new CountDownLatch(1);
    List<CommitChanges> told = Collections.synchronizedList(new ArrayList<>());
    ChangeFeed feed = db.changes(table, KeyRange.all());
    Watch watch =
        db.watch(
            table,
            KeyRange.all(),
            new ChangeListener() {
              @Override
              public void onCommit(CommitChanges changes) {
                told.add(changes);
              }

              @Override
              public void onEnd(RuntimeException cause) {
                ended.countDown();
              }
            });
    Items.put(db, table, "a", 1);
    db.dropTable(table);
    ended.await();
    assertThat(watch.failure().orElseThrow()).isInstanceOf(TableDroppedException.class);
    assertThat(told).hasSize(1);
    assertThat(feed.poll()).isPresent();
    assertThatThrownBy(feed::poll).isInstanceOf(TableDroppedException.class);
    feed.close();
    watch.close();
    assertThat(db.watch(Items.rows(db, "items"), KeyRange.all(), _ -> {}).failure()).isEmpty();
  }

  @Test
  void listenerThatThrows_endsItsWatch_andItsCommitIsToldAgain() throws Exception {
    long begin = db.newestVersion();
    IllegalStateException thrown = new IllegalStateException("no more");
    CountDownLatch ended = new CountDownLatch(1);
    Watch watch =
        db.watch(
            table,
            KeyRange.all(),
            new ChangeListener() {
              @Override
              public void onCommit(CommitChanges changes) {
                throw thrown;
              }

              @Override
              public void onEnd(RuntimeException cause) {
                ended.countDown();
                throw thrown;
              }
            });
    Items.put(db, table, "a", 1);
    ended.await();
    WatchEndedException failure = (WatchEndedException) watch.failure().orElseThrow();
    assertThat(failure).hasCause(thrown).hasMessageContaining("no more");
    assertThat(failure.reason()).isEqualTo(WatchEndedException.Reason.LISTENER_FAILED);
    assertThat(failure.resumeVersion()).isEqualTo(begin).isEqualTo(watch.version());
    try (ChangeFeed again = db.changes(table, KeyRange.all(), watch.version())) {
      assertThat(again.poll()).isPresent();
    }
  }

  @Test
  void listenerThatBlocks_holdsUpNobody_andTheStoreCloses() throws Exception {
    CountDownLatch called = new CountDownLatch(1);
    CountDownLatch interrupted = new CountDownLatch(1);
    Watch watch =
        db.watch(
            table,
            KeyRange.all(),
            _ -> {
              called.countDown();
              try {
                new CountDownLatch(1).await();
              } catch (InterruptedException e) {
                interrupted.countDown();
                throw e;
              }
            });
    Items.put(db, table, "a", 1);
    called.await();
    Items.put(db, table, "a", 2);
    ChangeFeed feed = db.changes(table, KeyRange.all());
    db.close();
    interrupted.await();
    Threads.awaitUntil(() -> watch.failure().isPresent()); // closing would make it an end as wanted
    watch.close();
    assertThat(watch.failure()).containsInstanceOf(StoreClosedException.class);
    assertThatThrownBy(feed::poll).isInstanceOf(StoreClosedException.class);
    feed.close();
  }

  @Test
  void listenerThatInterruptsItself_isToldTheNextCommitAllTheSame() {
    List<Long> told = Collections.synchronizedList(new ArrayList<>());
    try (Watch watch =
        db.watch(
            table,
            KeyRange.all(),
            commit -> {
              told.add(commit.version());
              Thread.currentThread().interrupt();
            })) {
      long first = Items.put(db, table, "a", 1).version();
      Threads.awaitUntil(() -> watch.version() >= first);
      long second = Items.put(db, table, "a", 2).version();
      Threads.awaitUntil(() -> watch.version() >= second);
      assertThat(told).containsExactly(first, second);
      assertThat(watch.failure()).isEmpty();
    }
  }

  @Test
  void withdrawnCommits_areNotTold() {
    ScriptedStorage storage = new ScriptedStorage();
    try (Khonsu stored = Khonsu.open(KEEPING, storage, allocator, InstantSource.system())) {
      Table rows = Items.rows(stored, "items");
      try (ChangeFeed feed = stored.changes(rows, KeyRange.all())) {
        Items.put(stored, rows, "a", 1);
        storage.script((_, _) -> {
          throw new IOException("full");
        });
        assertThatThrownBy(() -> Items.put(stored, rows, "a", 2))
            .isInstanceOf(StorageRejectedException.class);
        storage.script((_, _) -> {});
        Items.put(stored, rows, "a", 3);
        SortedMap<String, Long> state = new TreeMap<>();
        apply(feed.poll().orElseThrow(), state);
        apply(feed.poll().orElseThrow(), state);
        assertThat(feed.poll()).isEmpty();
        assertThat(state).containsEntry("a", 3L);
      }
    }
  }
}
