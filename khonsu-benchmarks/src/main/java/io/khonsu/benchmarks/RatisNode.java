package io.khonsu.benchmarks;

import java.io.IOException;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.apache.ratis.conf.RaftProperties;
import org.apache.ratis.grpc.GrpcConfigKeys;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.RaftClientRequest;
import org.apache.ratis.protocol.RaftGroup;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.RaftServerConfigKeys;
import org.apache.ratis.server.storage.RaftStorage;
import org.apache.ratis.statemachine.TransactionContext;
import org.apache.ratis.statemachine.impl.BaseStateMachine;
import org.apache.ratis.util.TimeDuration;

/**
 * A node of Apache Ratis: segmented log, synced, on gRPC; the appender does not wait for more
 * entries; all else as it is by default.
 */
final class RatisNode implements CommitPath {
  private static final UUID GROUP = new UUID(1, 1);

  private final ItemMap items = new ItemMap();
  private final RaftServer server;
  private final RaftGroup group;
  private final ClientId client = ClientId.randomId();
  private final AtomicLong calls = new AtomicLong();

  RatisNode(ClusterSite site) throws IOException {
    this.group = group(site);
    RaftProperties properties = new RaftProperties();
    RaftServerConfigKeys.setStorageDir(
        properties, List.of(site.directory().resolve("ratis").toFile()));
    RaftServerConfigKeys.Log.Appender.setWaitTimeMin(properties, TimeDuration.ZERO);
    GrpcConfigKeys.Server.setHost(properties, "127.0.0.1");
    GrpcConfigKeys.Server.setPort(properties, site.port(site.node()));
    server =
        RaftServer.newBuilder()
            .setGroup(group)
            .setServerId(RaftPeerId.valueOf(id(site.node())))
            .setProperties(properties)
            .setStateMachine(new Machine())
            .setOption(
                site.isNew() ? RaftStorage.StartupOption.FORMAT : RaftStorage.StartupOption.RECOVER)
            .build();
    server.start();
  }

  private static String id(int node) {
    return "n" + node;
  }

  /** {@return the number of a node} */
  static int node(RaftPeerId id) {
    return Integer.parseInt(id.toString().substring(1));
  }

  /** {@return all nodes} */
  static RaftGroup group(ClusterSite site) {
    List<RaftPeer> peers =
        IntStream.rangeClosed(1, site.size())
            .mapToObj(node ->
                RaftPeer.newBuilder().setId(id(node)).setAddress(site.address(node)).build())
            .toList();
    return RaftGroup.valueOf(RaftGroupId.valueOf(GROUP), peers);
  }

  @Override
  public int leader() throws IOException {
    RaftPeerId leader = server.getDivision(group.getGroupId()).getInfo().getLeaderId();
    return leader == null ? 0 : node(leader);
  }

  @Override
  public void commit(int item, byte[] value) throws Exception {
    RaftClientRequest request =
        RaftClientRequest.newBuilder()
            .setClientId(client)
            .setServerId(server.getId())
            .setGroupId(group.getGroupId())
            .setCallId(calls.incrementAndGet())
            .setMessage(Message.valueOf(ItemMap.entry(item, value)))
            .setType(RaftClientRequest.writeRequestType())
            .build();
    check(server.submitClientRequestAsync(request).get());
  }

  /** Throws if a request was not committed. */
  static void check(RaftClientReply reply) throws IOException {
    if (!reply.isSuccess()) {
      throw new IOException("Ratis did not commit", reply.getException());
    }
  }

  @Override
  public byte[] read(int item) {
    return items.read(item);
  }

  @Override
  public void close() throws IOException {
    server.close();
  }

  private final class Machine extends BaseStateMachine {
    @Override
    public CompletableFuture<Message> applyTransaction(TransactionContext transaction) {
      LogEntryProto entry = transaction.getLogEntry();
      items.apply(entry.getStateMachineLogEntry().getLogData().asReadOnlyByteBuffer());
      var _ = updateLastAppliedTermIndex(entry.getTerm(), entry.getIndex());
      return CompletableFuture.completedFuture(Message.EMPTY);
    }
  }
}
