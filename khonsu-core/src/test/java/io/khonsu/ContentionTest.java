package io.khonsu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.mvcc.ConflictType;
import io.khonsu.testkit.LeakChecking;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.arrow.memory.BufferAllocator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** What a store says of collisions: to who collided, in counts, and to listeners. */
@ExtendWith(LeakChecking.class)
@Timeout(60)
class ContentionTest {
  private Khonsu db;
  private Table table;

  @BeforeEach
  void setUp(BufferAllocator root) {
    db = Khonsu.inMemory(StoreConfig.defaults(), root);
    table = Items.rows(db, "items");
  }

  @AfterEach
  void tearDown() {
    db.close();
  }

  private static TransactionOptions named(String name) {
    return TransactionOptions.serializable().named(name);
  }

  /** Reads an item, and lets a transaction of a name change it before the commit. */
  private TransactionConflictException collide(String loser, String winner, String id) {
    try (Transaction tx = db.begin(named(loser))) {
      var _ = tx.get(table, id);
      db.run(named(winner), other -> other.upsert(table, table.row(id, 1L)));
      tx.upsert(table, table.row("other", 1L));
      tx.commit();
    } catch (TransactionConflictException e) {
      return e;
    }
    throw new AssertionError("no conflict");
  }

  @Test
  void exception_namesKeyEdgeWinnerAndVersion() {
    TransactionConflictException e = collide("report", "transfer", "a");
    TableConflict conflict = e.conflicts().getFirst();
    assertThat(conflict.key()).isEqualTo("(\"a\")");
    assertThat(conflict.table()).isEqualTo("items");
    assertThat(conflict.range()).isEmpty();
    assertThat(conflict.type()).isEqualTo(ConflictType.READ_WRITE);
    assertThat(conflict.winnerName()).isEqualTo("transfer");
    assertThat(conflict.winnerVersion()).isEqualTo(db.newestVersion());
    assertThat(e)
        .hasMessageContaining("\"report\" aborted, conflicts: 1, first: READ_WRITE on (\"a\")")
        .hasMessageContaining(
            "transaction %d \"transfer\" at version %d"
                .formatted(conflict.winnerTransaction(), conflict.winnerVersion()));
  }

  @Test
  void exception_namesTheRangeAndItsFilter() {
    try (Transaction tx = db.begin()) {
      RowFilter rich = RowFilter.column("value").greaterThan(10);
      var _ = tx.scan(table, Scan.of(KeyRange.prefix("eu/")).where(rich)).rowCount();
      Items.put(db, table, "eu/1", 5);
      Items.put(db, table, "eu/2", 50);
      tx.upsert(table, table.row("other", 1L));
      assertThatThrownBy(tx::commit)
          .isInstanceOfSatisfying(
              TransactionConflictException.class,
              e -> {
                assertThat(e.conflicts()).hasSize(1);
                TableConflict conflict = e.conflicts().getFirst();
                assertThat(conflict.key()).isEqualTo("(\"eu/2\")");
                assertThat(conflict.range()).contains("key with prefix (\"eu/\") where value > 10");
                assertThat(conflict.winnerName()).isEqualTo(TransactionOptions.UNNAMED);
                assertThat(e)
                    .hasMessageContaining(
                        "in a scanned range (key with prefix (\"eu/\") where value > 10) of items");
              });
    }
    assertThat(db.contention().ranges())
        .containsExactly(
            new Contention.HotRange("items", "key with prefix (\"eu/\") where value > 10", 1, 0));
  }

  @Test
  void contention_listsTheHottestFirst_andWhoAbortsWhom() {
    for (int i = 0; i < 5; i++) {
      collide("report", "transfer", "hot");
    }
    collide("report", "audit", "cold");
    try (Transaction tx = db.begin(TransactionOptions.snapshot().named("writer"))) {
      tx.upsert(table, table.row("hot", 1L));
      Items.put(db, table, "hot", 2);
      assertThatThrownBy(tx::commit).isInstanceOf(TransactionConflictException.class);
    }
    Contention contention = db.contention();
    assertThat(contention.keys())
        .containsExactly(
            new Contention.HotKey("items", "(\"hot\")", 6, 0),
            new Contention.HotKey("items", "(\"cold\")", 1, 0));
    assertThat(contention.ranges()).isEmpty();
    assertThat(contention.rivals())
        .containsExactlyInAnyOrder(
            new Contention.Rivals("report", "transfer", ConflictType.READ_WRITE, 5, 0),
            new Contention.Rivals("report", "audit", ConflictType.READ_WRITE, 1, 0),
            new Contention.Rivals(
                "writer", TransactionOptions.UNNAMED, ConflictType.WRITE_WRITE, 1, 0));
    assertThat(db.statistics().conflicts()).isEqualTo(7);
  }

  @Test
  void contention_ofManyKeys_staysBounded_andKeepsTheHottest() {
    int keys = 3 * Contention.ENTRIES_MAX;
    for (int i = 0; i < keys; i++) {
      collide("loser", "winner", "k" + i);
      collide("loser", "winner", "hot");
    }
    Contention contention = db.contention();
    assertThat(contention.keys()).hasSize(Contention.ENTRIES_MAX);
    assertThat(contention.keys().getFirst())
        .isEqualTo(new Contention.HotKey("items", "(\"hot\")", keys, 0));
    assertThat(contention.keys())
        .allSatisfy(hot -> assertThat(hot.conflicts() - hot.excess()).isPositive());
  }

  @Test
  void commitsWithoutConflict_leaveNoTrace() {
    for (int i = 0; i < 100; i++) {
      Items.put(db, table, "a", i);
    }
    assertThat(db.contention()).isEqualTo(new Contention(List.of(), List.of(), List.of(), 0));
  }

  /** Collects what it is told. */
  private static class Collecting implements ContentionListener {
    final List<Object> events = Collections.synchronizedList(new ArrayList<>());

    @Override
    public void onConflict(ConflictEvent event) {
      events.add(event);
    }

    @Override
    public void onWait(WaitEvent event) {
      events.add(event);
    }

    @Override
    public void onGiveUp(GiveUpEvent event) {
      events.add(event);
    }
  }

  @Test
  void listener_throwing_isRemoved_itsHandleSaysSo_andNobodyElseNotices() {
    IllegalStateException mine = new IllegalStateException("mine");
    Collecting other = new Collecting();
    try (ListenerHandle handle =
            db.addContentionListener(
                new ContentionListener() {
                  @Override
                  public void onConflict(ConflictEvent event) {
                    throw mine;
                  }
                });
        ListenerHandle _ = db.addContentionListener(other)) {
      collide("loser", "winner", "a");
      Threads.awaitUntil(() -> handle.failure().isPresent());
      assertThat(handle.failure()).containsSame(mine);
      collide("loser", "winner", "a");
      Threads.awaitUntil(() -> other.events.size() == 2);
    }
  }

  @Test
  void listener_blocking_holdsUpNoTransactionAndNoClose_andMissesWhatDoesNotFit() {
    CountDownLatch go = new CountDownLatch(1);
    CountDownLatch reached = new CountDownLatch(1);
    AtomicInteger told = new AtomicInteger();
    ListenerHandle handle =
        db.addContentionListener(
            new ContentionListener() {
              @Override
              public void onConflict(ConflictEvent event) {
                told.incrementAndGet();
                reached.countDown();
                try {
                  go.await();
                } catch (InterruptedException e) {
                  throw new AssertionError(e);
                }
              }
            });
    collide("loser", "winner", "a");
    Threads.awaitUntil(() -> reached.getCount() == 0);
    for (int i = 0; i < Delivery.QUEUE_MAX + 10; i++) {
      collide("loser", "winner", "a");
    }
    assertThat(handle.missed()).isEqualTo(10);
    db.close();
    go.countDown();
    Threads.awaitUntil(() -> told.get() == Delivery.QUEUE_MAX + 1);
    assertThat(handle.missed()).isEqualTo(10);
    assertThat(handle.failure()).isEmpty();
  }

  @Test
  void listeners_tooMany_orAfterTheClose_areRefused() {
    List<ListenerHandle> handles = new ArrayList<>();
    for (int i = 0; i < ContentionListeners.COUNT_MAX; i++) {
      handles.add(db.addContentionListener(new Collecting()));
    }
    assertThatThrownBy(() -> db.addContentionListener(new Collecting()))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("16");
    handles.getFirst().close();
    handles.getFirst().close();
    handles.set(0, db.addContentionListener(new Collecting()));
    db.close();
    handles.forEach(ListenerHandle::close);
    assertThatThrownBy(() -> db.addContentionListener(new Collecting()))
        .isInstanceOf(StoreClosedException.class);
  }

  @Test
  void listener_isToldOfConflictsWaitsAndGivingUp_inOrder() {
    Collecting listener = new Collecting();
    try (ListenerHandle handle = db.addContentionListener(listener)) {
      TransactionConflictException e = collide("loser", "winner", "a");
      assertThatThrownBy(() ->
              db.run(
                  named("waiter").timeout(Duration.ofMillis(1)),
                  tx -> tx.retryUnless(tx.contains(table, "never"))))
          .isInstanceOf(TransactionDeadlineException.class);
      Threads.awaitUntil(() -> listener.events.size() == 3);
      assertThat(listener.events.get(0))
          .isInstanceOfSatisfying(
              ContentionListener.ConflictEvent.class,
              event -> {
                assertThat(event.name()).isEqualTo("loser");
                assertThat(event.conflicts()).isEqualTo(e.conflicts());
              });
      assertThat(listener.events.get(1))
          .isInstanceOfSatisfying(
              ContentionListener.WaitEvent.class,
              event -> {
                assertThat(event.name()).isEqualTo("waiter");
                assertThat(event.outcome()).isEqualTo(ContentionListener.WaitOutcome.TIMED_OUT);
              });
      assertThat(listener.events.get(2))
          .isInstanceOfSatisfying(
              ContentionListener.GiveUpEvent.class,
              event -> assertThat(event.attempts()).isEqualTo(1));
      assertThat(handle.missed()).isZero();
    }
  }

  @Test
  void listenerRemoved_isToldNothingMore() {
    Collecting listener = new Collecting();
    ListenerHandle handle = db.addContentionListener(listener);
    collide("loser", "winner", "a");
    Threads.awaitUntil(() -> listener.events.size() == 1);
    handle.close();
    collide("loser", "winner", "a");
    assertThat(listener.events).hasSize(1);
    assertThat(handle.failure()).isEmpty();
  }
}
