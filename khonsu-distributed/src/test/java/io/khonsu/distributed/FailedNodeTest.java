package io.khonsu.distributed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.ChangeFeed;
import io.khonsu.ChangeListener;
import io.khonsu.CommitChanges;
import io.khonsu.KeyRange;
import io.khonsu.Khonsu;
import io.khonsu.NodePresence;
import io.khonsu.Snapshot;
import io.khonsu.StorageException;
import io.khonsu.StoreClosedException;
import io.khonsu.StoreException;
import io.khonsu.Table;
import io.khonsu.TableSpec;
import io.khonsu.TransactionOptions;
import io.khonsu.UnavailableException;
import io.khonsu.Watch;
import io.khonsu.distributed.NodeStatus.Membership.Standing;
import io.khonsu.spi.InMemoryKeyValueEngine;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the users of a store see when its node stops by itself, or takes part no more. */
@Timeout(300)
class FailedNodeTest {
  private static final Duration DAY = Duration.ofDays(1);
  private static final TableSpec NUMBERS = table("numbers");
  private static final TableSpec OTHERS = table("others");

  private final InMemoryKeyValueEngine engine = new InMemoryKeyValueEngine();

  private static TableSpec table(String name) {
    Schema schema = new Schema(List.of(Field.notNullable("id", new ArrowType.Int(64, true))));
    return TableSpec.rows(name, schema).primaryKey("id");
  }

  private static void insert(Khonsu store, long id) {
    Table table = store.table("numbers").orElseThrow();
    store.run(tx -> tx.insert(table, table.row(id)));
  }

  private static boolean awaitNumber(Khonsu store, Table table, long id) {
    return store.transact(
        TransactionOptions.serializable().timeout(DAY),
        tx -> {
          if (!tx.contains(table, id)) {
            tx.retry();
          }
          return true;
        });
  }

  private static boolean contains(Snapshot snapshot, Table table, long id) {
    try (snapshot) {
      return snapshot.contains(table, id);
    }
  }

  private static void assertStopped(ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            StorageException.class,
            e -> assertThat(e.retry()).isEqualTo(StoreException.Retry.NEVER))
        .hasMessageContaining("the node has failed")
        .hasRootCauseInstanceOf(IOException.class);
  }

  /** Completes with why a watch has ended. */
  private static final class Ended implements ChangeListener {
    private final CompletableFuture<RuntimeException> cause = new CompletableFuture<>();

    @Override
    public void onCommit(CommitChanges changes) {}

    @Override
    public void onEnd(RuntimeException why) {
      cause.complete(why);
    }
  }

  @Test
  void nodeWhoseDiskFails_endsWhoWaits_andRefusesWhoCalls() throws Exception {
    Ended watched = new Ended();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
        Nodes nodes = new Nodes(1, Nodes.STORE, Nodes.inMemory(engine))) {
      ClusterMember member = nodes.member(1);
      Khonsu store = member.store();
      Table table = store.createTable(NUMBERS);
      insert(store, 1);
      ChangeFeed feed = store.changes(table, KeyRange.all());
      Watch watch = store.watch(table, KeyRange.all(), watched);
      Future<?> retrying = threads.submit(() -> awaitNumber(store, table, 2));
      Future<?> polling = threads.submit(() -> feed.poll(DAY));
      while (store.contention().waiting() < 3) {
        Thread.sleep(1);
      }

      engine.fail(1, InMemoryKeyValueEngine.Fault.BROKEN);
      assertThat(member.awaitEnd()).isInstanceOf(IOException.class); // upkeep is a write, too

      assertFailed(retrying);
      assertFailed(polling);
      assertThat(watched.cause.get()).isInstanceOf(StorageException.class);
      assertThat(watch.failure()).contains(watched.cause.get());
      assertStopped(() -> insert(store, 3));
      assertStopped(() -> store.createTable(OTHERS));
      assertStopped(() -> store.dropTable(table));
      assertStopped(store::snapshot);
      assertStopped(() -> store.readOnly(snapshot -> snapshot.contains(table, 1L)));
      assertStopped(() -> awaitNumber(store, table, 2));
      assertStopped(feed::poll);
      assertThat(contains(store.localSnapshot(), table, 1)).isTrue();
      assertThat(member.lead()).isFalse();
      assertThat(member.changeMembers(MemberChange.remove(1)))
          .isInstanceOf(ChangeResult.Refused.class);
      assertStopped(() -> store.outcome(1));

      store.close(); // what the disk says of its end belongs to why the node has failed
      store.close(); // twice does nothing
      assertThatThrownBy(store::snapshot).isInstanceOf(StoreClosedException.class);
    }
  }

  private static void assertFailed(Future<?> call) {
    assertThatThrownBy(call::get)
        .isInstanceOf(ExecutionException.class)
        .hasCauseInstanceOf(StorageException.class);
  }

  @Test
  void nodeThatIsNoMember_saysSo() throws Exception {
    try (Nodes nodes = new Nodes(3)) {
      Khonsu store = nodes.member(3).store();
      Table table = store.createTable(NUMBERS);
      nodes.join(4);
      assertUnavailable(nodes.member(4).store(), "waits until a member adds it");
      ChangeResult removed = nodes.member(1).changeMembers(MemberChange.remove(3));
      assertThat(removed).isInstanceOf(ChangeResult.Changed.class);
      awaitRemoval(nodes.member(3));
      assertUnavailable(store, "was removed from the cluster");
      assertThat(contains(store.localSnapshot(), table, 1)).isFalse();
      nodes.stop(3);
      nodes.start(3, NodePresence.EXISTING);
      awaitRemoval(nodes.member(3));
      assertUnavailable(nodes.member(3).store(), "was removed from the cluster");
    }
  }

  private static void awaitRemoval(ClusterMember member) throws InterruptedException {
    while (member.status().membership().standing() == Standing.MEMBER) {
      Thread.sleep(1); // until it has heard of it
    }
  }

  private static void assertUnavailable(Khonsu store, String why) {
    assertThatThrownBy(store::snapshot)
        .isInstanceOf(UnavailableException.class)
        .hasMessageContaining(why);
    assertThatThrownBy(() -> store.createTable(OTHERS))
        .isInstanceOf(UnavailableException.class)
        .hasMessageContaining(why);
  }
}
