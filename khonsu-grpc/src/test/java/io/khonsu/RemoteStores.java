package io.khonsu;

import io.khonsu.grpc.ClientCluster;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import org.apache.arrow.memory.BufferAllocator;

/** Clients of new clusters. */
final class RemoteStores {
  private RemoteStores() {}

  /** {@return a client of an empty cluster of one node, which is added to the list} */
  static Store open(List<ClientCluster> clusters, BufferAllocator allocator) {
    try {
      ClientCluster cluster = new ClientCluster(1, allocator);
      clusters.add(cluster);
      return Khonsu.connect(cluster.address(), StoreConfig.defaults(), allocator);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
