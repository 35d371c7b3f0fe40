package io.khonsu.distributed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.NodePresence;
import io.khonsu.StoreException;
import io.khonsu.TableSpec;
import io.khonsu.spi.DamagedStorageException;
import io.khonsu.spi.KeyValueStore;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A disk that fails for good, as a full one does: a node stops with the reason, and ends well. */
@Timeout(300)
class FailingDiskTest {
  private final AtomicBoolean isFull = new AtomicBoolean();

  private static TableSpec spec(String name) {
    Field id = Field.notNullable("id", new ArrowType.Int(Long.SIZE, true));
    return TableSpec.rows(name, new Schema(List.of(id))).primaryKey("id");
  }

  private KeyValueStore failing(KeyValueStore disk) {
    return (KeyValueStore)
        Proxy.newProxyInstance(
            FailingDiskTest.class.getClassLoader(),
            new Class<?>[] {KeyValueStore.class},
            (_, method, arguments) -> {
              Object result = method.invoke(disk, arguments);
              if (isFull.get()) {
                throw new IOException("no room for " + method.getName());
              }
              return result;
            });
  }

  @Test
  void write_thatFails_stopsTheNode_andWhatClosingSays_belongsToIt() throws Exception {
    Nodes.Disks disks = Nodes.inMemory();
    ClusterMember member;
    Throwable cause;
    try (Nodes nodes =
        new Nodes(1, Nodes.STORE, (config, presence) -> failing(disks.open(config, presence)))) {
      member = nodes.member(1);
      var _ = member.store().createTable(spec("values"));
      isFull.set(true);
      assertThatThrownBy(() -> member.store().createTable(spec("others")))
          .isInstanceOf(StoreException.class);
      cause = member.awaitEnd();
    }
    assertThat(cause)
        .isInstanceOf(IOException.class)
        .hasMessage("no room for write")
        .hasSuppressedException(new IOException("no room for close"));
  }

  /** Fails with another failure wherever a state of another node is put aside. */
  private static KeyValueStore failingToStage(KeyValueStore disk, IOException failure) {
    return (KeyValueStore)
        Proxy.newProxyInstance(
            FailingDiskTest.class.getClassLoader(),
            new Class<?>[] {KeyValueStore.class},
            (_, method, arguments) -> {
              if (method.getName().equals("write") && isStaging()) {
                throw failure;
              }
              return method.invoke(disk, arguments);
            });
  }

  private static boolean isStaging() {
    return StackWalker.getInstance()
        .walk(frames -> frames.anyMatch(frame -> frame.getMethodName().equals("stage")));
  }

  @Test
  void stateThatCannotBePutAside_stopsTheNode_withWhatTheDiskSaid() throws Exception {
    assertThat(whyNodeStops(new IOException("no room"))).isExactlyInstanceOf(IOException.class);
    assertThat(whyNodeStops(new DamagedStorageException("a chunk is damaged")))
        .isExactlyInstanceOf(DamagedStorageException.class);
  }

  /** {@return why a node stops that must fetch a state} */
  private static Throwable whyNodeStops(IOException failure) throws Exception {
    Nodes.Disks disks = Nodes.inMemory();
    try (Nodes nodes =
        new Nodes(
            0,
            Nodes.STORE,
            (config, presence) ->
                config.member().node() == 3
                    ? failingToStage(disks.open(config, presence), failure)
                    : disks.open(config, presence))) {
      for (long id = 1; id <= 3; id++) {
        nodes.start(small(id), NodePresence.NEW, nodes.network().of(id));
      }
      var _ = nodes.member(1).store().createTable(spec("values"));
      nodes.stop(3);
      for (int i = 0; i < 100; i++) {
        var _ = nodes.member(1).store().createTable(spec("values " + i));
      }
      nodes.start(small(3), NodePresence.EXISTING, nodes.network().of(3));
      ClusterMember member = nodes.member(3);
      assertThatThrownBy(() -> commitUntilItFails(member)) // waits in the same turns
          .isInstanceOf(StoreException.class);
      Throwable cause = member.awaitEnd();
      assertThat(cause).isSameAs(failure);
      return failure;
    }
  }

  private static void commitUntilItFails(ClusterMember member) {
    for (int i = 0; ; i++) {
      var _ = member.store().createTable(spec("of node 3, " + i));
    }
  }

  private static ClusterConfig small(long id) {
    return Nodes.withSmallCheckpoints(Nodes.config(5, id, 1, 2, 3));
  }

  /** What has come in behind an action that fails is answered as well. */
  @Test
  void actionThatFails_stopsTheNode_andWhoWaitsBehindIt_isTold() throws Exception {
    OutOfMemoryError failure = new OutOfMemoryError("on purpose");
    CountDownLatch isInside = new CountDownLatch(1);
    CountDownLatch mayGoOn = new CountDownLatch(1);
    List<CompletableFuture<ClientReply>> waiting = new ArrayList<>();
    ClusterMember member;
    try (Nodes nodes = new Nodes(1)) {
      member = nodes.member(1);
      var _ = member.store().createTable(spec("values"));
      DistributedCommitManager manager = member.manager();
      assertThat(manager.enqueue(0, () -> await(isInside, mayGoOn))).isTrue();
      isInside.await(); // so the rest comes in one go
      for (int i = 0; i < 10; i++) {
        CompletableFuture<ClientReply> reply = new CompletableFuture<>();
        waiting.add(reply);
        if (i == 5) {
          assertThat(
                  manager.enqueue(
                      0,
                      () -> {
                        throw failure;
                      }))
              .isTrue();
        }
        assertThat(manager.openSession(reply::complete)).isTrue();
      }
      mayGoOn.countDown();
      assertThat(member.awaitEnd()).isSameAs(failure);
    }
    assertThat(waiting).allMatch(reply -> reply.join() instanceof ClientReply.Unavailable);
  }

  private static void await(CountDownLatch isInside, CountDownLatch mayGoOn) {
    isInside.countDown();
    try {
      mayGoOn.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
