package io.khonsu.benchmarks;

import com.alipay.sofa.jraft.Closure;
import com.alipay.sofa.jraft.Iterator;
import com.alipay.sofa.jraft.Node;
import com.alipay.sofa.jraft.RaftGroupService;
import com.alipay.sofa.jraft.Status;
import com.alipay.sofa.jraft.conf.Configuration;
import com.alipay.sofa.jraft.core.StateMachineAdapter;
import com.alipay.sofa.jraft.entity.PeerId;
import com.alipay.sofa.jraft.entity.Task;
import com.alipay.sofa.jraft.error.RaftException;
import com.alipay.sofa.jraft.option.NodeOptions;
import com.alipay.sofa.jraft.option.RaftOptions;
import com.alipay.sofa.jraft.rpc.RaftRpcServerFactory;
import com.alipay.sofa.jraft.rpc.RpcContext;
import com.alipay.sofa.jraft.rpc.RpcProcessor;
import com.alipay.sofa.jraft.rpc.RpcServer;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A node of SOFAJRaft: log in RocksDB, synced, and votes too, which is not its default; no
 * snapshots; all else as it is. Clients send it a {@link JraftPut}.
 */
final class JraftNode implements CommitPath {
  static final String GROUP = "bench";

  private final ItemMap items = new ItemMap();
  private final RaftGroupService service;
  private final ClusterSite site;
  private final Node node;

  /** Why this node takes no part any more: the others may go on without it. */
  private volatile @Nullable RaftException failed;

  JraftNode(ClusterSite site) throws IOException {
    this.site = site;
    RaftOptions raft = new RaftOptions();
    raft.setSync(true);
    raft.setSyncMeta(true);
    NodeOptions options = new NodeOptions();
    options.setRaftOptions(raft);
    options.setFsm(new Machine());
    options.setInitialConf(configuration(site));
    options.setLogUri(site.directory().resolve("log").toString());
    options.setRaftMetaUri(site.directory().resolve("meta").toString());
    options.setSnapshotUri(site.directory().resolve("snapshot").toString());
    options.setSnapshotIntervalSecs(0);
    PeerId self = peer(site.address(site.node()));
    RpcServer server = RaftRpcServerFactory.createRaftRpcServer(self.getEndpoint());
    server.registerProcessor(new PutProcessor());
    service = new RaftGroupService(GROUP, self, options, server);
    node = service.start();
  }

  /** {@return all nodes} */
  static Configuration configuration(ClusterSite site) {
    return new Configuration(
        IntStream.rangeClosed(1, site.size()).mapToObj(each -> peer(site.address(each))).toList());
  }

  private static PeerId peer(String address) {
    PeerId peer = new PeerId();
    if (!peer.parse(address)) {
      throw new IllegalArgumentException("not an address: " + address);
    }
    return peer;
  }

  @Override
  public int leader() {
    RaftException failure = failed;
    if (failure != null) {
      throw new IllegalStateException("the node has stopped", failure);
    }
    PeerId leader = node.getLeaderId();
    return leader == null ? 0 : site.nodeAt(leader.getPort());
  }

  @Override
  public void commit(int item, byte[] value) throws Exception {
    var _ = propose(item, value).get();
  }

  private CompletableFuture<Boolean> propose(int item, byte[] value) {
    CompletableFuture<Boolean> done = new CompletableFuture<>();
    Closure closure =
        status -> {
          if (status.isOk()) {
            done.complete(true);
          } else {
            done.completeExceptionally(new IOException(status.toString()));
          }
        };
    node.apply(new Task(ItemMap.entry(item, value), closure));
    return done;
  }

  @Override
  public byte[] read(int item) {
    return items.read(item);
  }

  @Override
  public void close() {
    service.shutdown();
  }

  private final class Machine extends StateMachineAdapter {
    @Override
    public void onError(RaftException e) {
      failed = e;
    }

    @Override
    public void onApply(Iterator entries) {
      while (entries.hasNext()) {
        items.apply(entries.getData());
        Closure done = entries.done();
        if (done != null) {
          done.run(Status.OK());
        }
        var _ = entries.next();
      }
    }
  }

  private final class PutProcessor implements RpcProcessor<JraftPut> {
    @Override
    public void handleRequest(RpcContext context, JraftPut put) {
      var _ =
          propose(put.item(), put.value())
              .whenComplete((_, failure) -> context.sendResponse(failure == null));
    }

    @Override
    public String interest() {
      return JraftPut.class.getName();
    }
  }
}
