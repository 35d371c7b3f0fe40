package io.khonsu.distributed;

import static org.assertj.core.api.Assertions.assertThat;

import io.khonsu.Khonsu;
import io.khonsu.Table;
import io.khonsu.TableSpec;
import io.khonsu.spi.KeyValueStore;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.LongStream;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** On which threads nodes write, and that one which fails on a thread of the network has ended. */
@Timeout(300)
class TurnsTest {
  private final Map<Long, Set<String>> writers = new ConcurrentHashMap<>();

  /** Fails when it is written on a thread of the network. */
  private final Set<Long> failing = ConcurrentHashMap.newKeySet();

  private KeyValueStore watched(long node, KeyValueStore disk) {
    return (KeyValueStore)
        Proxy.newProxyInstance(
            TurnsTest.class.getClassLoader(),
            new Class<?>[] {KeyValueStore.class},
            (_, method, arguments) -> {
              if (method.getName().equals("write")) {
                String thread = Thread.currentThread().getName();
                writers.computeIfAbsent(node, _ -> ConcurrentHashMap.newKeySet()).add(thread);
                if (failing.contains(node) && thread.equals(LocalNetwork.THREAD)) {
                  throw new IOException("no room");
                }
              }
              return method.invoke(disk, arguments);
            });
  }

  private Nodes start() throws IOException {
    Nodes.Disks disks = Nodes.inMemory();
    return new Nodes(
        3,
        Nodes.STORE,
        (config, presence) -> watched(config.member().node(), disks.open(config, presence)));
  }

  private static Table newTable(Khonsu store, int number) {
    Field id = Field.notNullable("id", new ArrowType.Int(Long.SIZE, true));
    TableSpec spec = TableSpec.rows("table" + number, new Schema(List.of(id))).primaryKey("id");
    return store.createTable(spec);
  }

  private boolean hasWritten(long node, String thread) {
    return writers.getOrDefault(node, Set.of()).contains(thread);
  }

  @Test
  void nodesThatFollow_writeOnTheThreadThatBringsFrames_andWhoLeadsOnItsOwn() throws Exception {
    try (Nodes nodes = start()) {
      Khonsu store = nodes.member(1).store();
      boolean isSeen = false;
      for (int number = 0; !isSeen; number++) {
        var _ = newTable(store, number);
        long leader = nodes.member(1).status().leader();
        NodeStatus before = nodes.member(leader).status();
        writers.clear();
        for (int i = 0; i < 20; i++) {
          var _ = newTable(store, ++number);
        }
        Set<String> seen = Set.copyOf(writers.getOrDefault(leader, Set.of()));
        NodeStatus after = nodes.member(leader).status();
        boolean hasLed =
            before.leader() == leader
                && after.leader() == leader
                && after.counts().ballotsLed() == before.counts().ballotsLed()
                && !seen.isEmpty();
        if (hasLed) {
          assertThat(seen).containsExactly("khonsu-node-" + leader);
        }
        isSeen =
            hasLed
                && LongStream.rangeClosed(1, 3)
                    .filter(node -> node != leader)
                    .allMatch(node -> hasWritten(node, LocalNetwork.THREAD));
      }
    }
  }

  @Test
  void turnThatFails_onAThreadOfTheNetwork_endsTheNode() throws Exception {
    try (Nodes nodes = start()) {
      var _ = newTable(nodes.member(1).store(), 0);
      long leader = nodes.member(1).status().leader();
      long victim = leader == 3 ? 2 : 3;
      failing.add(victim);
      for (int number = 1; nodes.member(victim).manager().failure() == null; number++) {
        var _ = newTable(nodes.member(leader).store(), number);
        if (nodes.member(leader).status().leader() == victim) {
          var _ = nodes.member(leader).lead(); // who leads borrows no thread
        }
      }
      assertThat(nodes.member(victim).awaitEnd())
          .isInstanceOf(IOException.class)
          .hasMessage("no room");
      assertThat(newTable(nodes.member(leader).store(), 100_000).name()).isEqualTo("table100000");
    }
  }
}
