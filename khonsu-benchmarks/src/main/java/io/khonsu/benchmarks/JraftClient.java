package io.khonsu.benchmarks;

import com.alipay.sofa.jraft.RouteTable;
import com.alipay.sofa.jraft.entity.PeerId;
import com.alipay.sofa.jraft.option.CliOptions;
import com.alipay.sofa.jraft.rpc.impl.cli.CliClientServiceImpl;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** A client of SOFAJRaft: its route table to find the leader, its network to reach it. */
final class JraftClient implements CommitPath {
  private static final int TIMEOUT_MILLIS = 1_000;

  private final ClusterSite site;
  private final CliClientServiceImpl network = new CliClientServiceImpl();
  private volatile @Nullable PeerId leader;

  JraftClient(ClusterSite site) {
    this.site = site;
    if (!network.init(new CliOptions())) {
      throw new IllegalStateException("the network of SOFAJRaft cannot be used");
    }
    var _ =
        RouteTable.getInstance()
            .updateConfiguration(JraftNode.GROUP, JraftNode.configuration(site));
  }

  private PeerId find() throws Exception {
    PeerId found = leader;
    if (found == null) {
      var _ = RouteTable.getInstance().refreshLeader(network, JraftNode.GROUP, TIMEOUT_MILLIS);
      found = RouteTable.getInstance().selectLeader(JraftNode.GROUP);
      if (found == null) {
        throw new IOException("SOFAJRaft has no leader");
      }
      leader = found;
    }
    return found;
  }

  @Override
  public int leader() throws Exception {
    leader = null;
    return site.nodeAt(find().getPort());
  }

  @Override
  public void commit(int item, byte[] value) throws Exception {
    CompletableFuture<Object> answer = new CompletableFuture<>();
    network
        .getRpcClient()
        .invokeAsync(
            find().getEndpoint(),
            new JraftPut(item, value),
            (result, failure) -> {
              if (failure == null) {
                answer.complete(result);
              } else {
                answer.completeExceptionally(failure);
              }
            },
            TIMEOUT_MILLIS * 10L);
    if (!Boolean.TRUE.equals(answer.get())) {
      leader = null;
      throw new IOException("SOFAJRaft did not commit: " + answer.get());
    }
  }

  @Override
  public byte @Nullable [] read(int item) {
    return null; // what was committed is checked where it is read inside
  }

  @Override
  public void close() {
    network.shutdown();
  }
}
