package io.khonsu.benchmarks;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.ratis.client.RaftClient;
import org.apache.ratis.client.RaftClientConfigKeys;
import org.apache.ratis.conf.RaftProperties;
import org.apache.ratis.protocol.Message;
import org.jspecify.annotations.Nullable;

/**
 * Ratis' own clients with their ordered asynchronous calls: some that all share, as one alone is
 * slower.
 */
final class RatisClient implements CommitPath {
  private static final int CLIENTS = 16;

  private final List<RaftClient> clients = new ArrayList<>();
  private final AtomicInteger turn = new AtomicInteger();

  RatisClient(ClusterSite site) {
    RaftProperties properties = new RaftProperties();
    RaftClientConfigKeys.Async.setOutstandingRequestsMax(properties, 1024);
    for (int client = 0; client < CLIENTS; client++) {
      clients.add(
          RaftClient.newBuilder()
              .setProperties(properties)
              .setRaftGroup(RatisNode.group(site))
              .build());
    }
  }

  @Override
  public int leader() {
    return RatisNode.node(clients.getFirst().getLeaderId());
  }

  @Override
  public void commit(int item, byte[] value) throws Exception {
    RaftClient client = clients.get(Math.floorMod(turn.getAndIncrement(), CLIENTS));
    RatisNode.check(client.async().send(Message.valueOf(ItemMap.entry(item, value))).get());
  }

  @Override
  public byte @Nullable [] read(int item) {
    return null; // what was committed is checked where it is read inside
  }

  @Override
  public void close() throws IOException {
    for (RaftClient client : clients) {
      client.close();
    }
  }
}
