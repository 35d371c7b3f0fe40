package io.khonsu;

import io.khonsu.grpc.ClientCluster;
import io.khonsu.testkit.LeakChecking;
import java.util.ArrayList;
import java.util.List;
import org.apache.arrow.memory.BufferAllocator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** What {@link CompositionTest} demands, of a client. */
@ExtendWith(LeakChecking.class)
@Timeout(120)
class RemoteCompositionTest extends CompositionTest {
  private final List<ClientCluster> clusters = new ArrayList<>();

  @Override
  Store open(BufferAllocator root) {
    return RemoteStores.open(clusters, root);
  }

  @Override
  long waiting() {
    return clusters.getLast().member(1).store().contention().waiting();
  }

  @AfterEach
  void stop() {
    clusters.forEach(ClientCluster::close);
  }
}
