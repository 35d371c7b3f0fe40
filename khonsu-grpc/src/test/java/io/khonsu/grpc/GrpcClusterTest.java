package io.khonsu.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import io.khonsu.Khonsu;
import io.khonsu.NodePresence;
import io.khonsu.Snapshot;
import io.khonsu.StoreConfig;
import io.khonsu.Table;
import io.khonsu.TableSpec;
import io.khonsu.distributed.Cluster;
import io.khonsu.distributed.ClusterConfig;
import io.khonsu.distributed.ClusterMember;
import io.khonsu.distributed.DistributedCommitManager;
import io.khonsu.distributed.DistributedCommitManager.Surroundings;
import io.khonsu.spi.InMemoryKeyValueEngine;
import io.khonsu.spi.KeyValueEngine;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.LongStream;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Three nodes that talk over sockets, with disks in memory. */
class GrpcClusterTest {
  private static final ArrowType INT64 = new ArrowType.Int(64, true);
  private static final long[] IDS = {1, 2, 3};

  private final InMemoryKeyValueEngine disks = new InMemoryKeyValueEngine();
  private final Map<Long, InetSocketAddress> addresses = new TreeMap<>();
  private final Map<Long, ClusterMember> members = new TreeMap<>();
  private final Map<Long, GrpcTransport> transports = new TreeMap<>();

  GrpcClusterTest() {
    for (long id : IDS) {
      addresses.put(id, FreePorts.next());
    }
  }

  @AfterEach
  void close() {
    members.values().forEach(ClusterMember::close);
  }

  private void join(long id, NodePresence presence) throws IOException {
    List<PeerAddress> peers =
        addresses.entrySet().stream()
            .map(each ->
                PeerAddress.of(
                    each.getKey(), each.getValue().getHostString(), each.getValue().getPort()))
            .toList();
    GrpcTransport transport =
        GrpcTransport.open(PeerSettings.of(5, id, known(addresses, id)).with(peers));
    KeyValueEngine.Presence there =
        presence == NodePresence.NEW
            ? KeyValueEngine.Presence.NEW
            : KeyValueEngine.Presence.EXISTING;
    Surroundings around =
        new Surroundings(
            StoreConfig.builder().compactionRowsPerSecond(0).build(),
            disks.open(
                Path.of("node-" + id),
                new KeyValueEngine.Options(
                    KeyValueEngine.Use.LOG, there, DistributedCommitManager.spaces())),
            transport,
            null,
            InstantSource.system(),
            Set.of());
    ClusterConfig config =
        ClusterConfig.of(5, id, IDS)
            .with(
                new ClusterConfig.Times(
                    Duration.ofMillis(20),
                    Duration.ofSeconds(30),
                    Duration.ofMillis(200),
                    Duration.ofMillis(500),
                    Duration.ofSeconds(60),
                    Duration.ofMinutes(10)));
    members.put(id, Cluster.join(config, presence, around));
    transports.put(id, transport);
  }

  private static <T> T known(Map<Long, T> all, long id) {
    return Optional.ofNullable(all.get(id)).orElseThrow();
  }

  private Khonsu store(long id) {
    return known(members, id).store();
  }

  private void add(long node, long amount) {
    Khonsu store = store(node);
    store.run(tx -> {
      Table table = store.table("accounts").orElseThrow();
      long before = tx.get(table, 1L).map(row -> row.getLong("balance")).orElse(0L);
      tx.upsert(table, table.row(1L, before + amount));
    });
  }

  private long balance(long node) {
    try (Snapshot snapshot = store(node).snapshot()) {
      Table table = store(node).table("accounts").orElseThrow();
      return snapshot.get(table, 1L).orElseThrow().getLong("balance");
    }
  }

  private void startAll() throws IOException {
    for (long id : IDS) {
      join(id, NodePresence.NEW);
    }
    Schema schema =
        new Schema(List.of(Field.notNullable("id", INT64), Field.notNullable("balance", INT64)));
    store(1).createTable(TableSpec.rows("accounts", schema).primaryKey("id"));
    for (long id : IDS) {
      try (Snapshot current = store(id).snapshot()) {
        assertThat(current.version()).isPositive(); // the node has seen the table
      }
    }
  }

  @Test
  void followerThatIsCutOffFromTheLeader_commitsAndReads_throughTheThirdNode() throws Exception {
    startAll();
    long leader = known(members, 1).status().leader();
    long follower = leader % IDS.length + 1;
    known(transports, leader).setFault(follower, LinkFault.CUT);
    known(transports, follower).setFault(leader, LinkFault.CUT);
    for (int i = 0; i < 5; i++) {
      add(follower, 1);
      add(leader, 1);
    }
    assertThat(balance(follower)).isEqualTo(10);
    assertThat(known(transports, follower).isCut(leader)).isTrue();
    assertThat(known(transports, leader).isCut(follower)).isTrue();
    known(transports, leader).setFault(follower, LinkFault.NONE);
    known(transports, follower).setFault(leader, LinkFault.NONE);
    add(follower, 1);
    assertThat(balance(leader)).isEqualTo(11);
  }

  @Test
  void threeNodes_commit_andGoOnWithoutTheirLeader() throws Exception {
    startAll();
    for (long id : IDS) {
      for (int i = 0; i < 10; i++) {
        add(id, 1);
      }
    }
    assertThat(LongStream.of(IDS).map(this::balance)).containsOnly(30L);

    long leader = known(members, 1).status().leader();
    known(members, leader).close();
    members.remove(leader);
    long[] left = LongStream.of(IDS).filter(id -> id != leader).toArray();
    add(left[0], 5);
    assertThat(balance(left[1])).isEqualTo(35);

    join(leader, NodePresence.EXISTING);
    assertThat(balance(leader)).isEqualTo(35);
    known(transports, left[0]).setFault(left[1], LinkFault.CUT);
    add(leader, 1); // it reaches whoever leads now
    assertThat(balance(leader)).isEqualTo(36);
  }
}
