package io.khonsu;

import io.khonsu.grpc.ClientCluster;
import io.khonsu.testkit.LeakChecking;
import java.util.ArrayList;
import java.util.List;
import org.apache.arrow.memory.BufferAllocator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.extension.ExtendWith;

/** What {@link ReadYourWritesTest} demands, of a client. */
@ExtendWith(LeakChecking.class)
class RemoteReadYourWritesTest extends ReadYourWritesTest {
  private final List<ClientCluster> clusters = new ArrayList<>();

  @AfterEach
  void stop() {
    clusters.forEach(ClientCluster::close);
  }

  @Override
  Store open(BufferAllocator allocator) {
    return RemoteStores.open(clusters, allocator);
  }

  @Override
  void results_ofManyRows_comeInBatchesOfBoundedSize(
      BufferAllocator allocator) {} // of a client others
}
