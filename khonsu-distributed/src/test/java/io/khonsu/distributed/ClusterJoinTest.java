package io.khonsu.distributed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.NodePresence;
import io.khonsu.distributed.DistributedCommitManager.Surroundings;
import io.khonsu.spi.ClientSessions;
import io.khonsu.spi.KeyValueStore;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What is left of a node that could not start, and of sessions that could not be opened. */
@Timeout(120)
class ClusterJoinTest {
  private final List<String> closed = new ArrayList<>();

  /** {@return something that notes that it is closed, and fails in one of its methods} */
  private <T> T noting(Class<T> type, T real, String name, String failing) {
    return type.cast(
        Proxy.newProxyInstance(
            ClusterJoinTest.class.getClassLoader(),
            new Class<?>[] {type},
            (_, method, arguments) -> {
              if (method.getName().equals(failing)) {
                throw new OutOfMemoryError("on purpose");
              }
              if (method.getName().equals("close")) {
                closed.add(name);
              }
              return method.invoke(real, arguments);
            }));
  }

  private void assertClosed(String failingDisk, String failingTransport) throws Exception {
    closed.clear();
    ClusterConfig config = Nodes.config(5, 1, 1);
    KeyValueStore disk =
        noting(
            KeyValueStore.class,
            Nodes.inMemory().open(config, NodePresence.NEW),
            "disk",
            failingDisk);
    Transport transport =
        noting(Transport.class, new LocalNetwork().of(1), "transport", failingTransport);
    Surroundings around =
        new Surroundings(Nodes.STORE, disk, transport, null, InstantSource.system(), Set.of());
    assertThatThrownBy(() -> Cluster.join(config, NodePresence.NEW, around))
        .isInstanceOf(OutOfMemoryError.class);
    assertThat(closed).containsExactlyInAnyOrder("disk", "transport");
  }

  @Test
  void nodeThatCannotStart_forAnError_leavesNothingOpen() throws Exception {
    assertClosed("write", "none");
    assertClosed("none", "start");
  }

  @Test
  void sessionsThatWereNotOpened_doNotCount() throws Exception {
    try (Nodes nodes = new Nodes(0)) {
      ClusterConfig config =
          Nodes.config(5, 1, 1, 2)
              .with(
                  new ClusterConfig.Times(
                      Duration.ofMillis(10),
                      Duration.ofMillis(500),
                      Duration.ofMillis(200),
                      Duration.ofMillis(200),
                      Duration.ofSeconds(30),
                      Duration.ofMinutes(10)));
      nodes.start(config, NodePresence.NEW, nodes.network().of(1)); // alone it leads nobody
      ClientSessions sessions = new MemberSessions(nodes.member(1).manager(), config);
      List<CompletableFuture<ClientSessions.Answer>> answers = new ArrayList<>();
      for (int i = 0; i < MemberSessions.OPENED_MAX; i++) {
        answers.add(sessions.open().toCompletableFuture());
      }
      assertThat(sessions.open().toCompletableFuture().join().toString()).contains("4096");
      for (CompletableFuture<ClientSessions.Answer> answer : answers) {
        assertThat(answer.join()).isInstanceOf(ClientSessions.Answer.Unavailable.class);
      }
      nodes.start(Nodes.config(5, 2, 1, 2), NodePresence.NEW, nodes.network().of(2));
      ClientSessions.Answer last;
      do { // as soon as there is a leader
        last = sessions.open().toCompletableFuture().join();
        assertThat(last.toString()).doesNotContain("4096");
      } while (!(last instanceof ClientSessions.Answer.Opened));
      int opened = 1;
      while (sessions.open().toCompletableFuture().join() instanceof ClientSessions.Answer.Opened) {
        opened++;
      }
      assertThat(opened).isEqualTo(MemberSessions.OPENED_MAX);
    }
  }
}
