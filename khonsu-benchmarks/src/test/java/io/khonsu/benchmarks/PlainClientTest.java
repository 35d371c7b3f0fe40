package io.khonsu.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PlainClientTest {
  private static final int NODES = 2;
  private static final int VALUES = 500;

  @TempDir private Path directory;

  @Test
  void commit_ofMany_besideThoseOfTheLeader_areAllAnswered() throws Exception {
    Set<Integer> taken = new HashSet<>();
    List<Integer> ports = new ArrayList<>();
    for (int process = 0; process <= NODES; process++) {
      ports.add(RunningCluster.freePort(taken));
    }
    try (PlainNode leader = new PlainNode(site(1, ports), 1, null);
        PlainNode _ = new PlainNode(site(2, ports), 1, null);
        PlainClient client = new PlainClient(site(0, ports))) {
      assertThat(client.leader()).isEqualTo(1);
      while (leader.leader() == 0) {
        Thread.onSpinWait();
      }
      List<Future<?>> ends = new ArrayList<>();
      try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
        for (int value = 0; value < VALUES; value++) {
          CommitPath path = value % 3 == 0 ? leader : client;
          ends.add(
              threads.submit(() -> {
                path.commit(0, new byte[100]);
                return null;
              }));
        }
      }
      for (Future<?> end : ends) {
        assertThat(end.get()).isNull(); // or it throws what the commit threw
      }
    }
  }

  private ClusterSite site(int node, List<Integer> ports) {
    return new ClusterSite(NODES, node, directory, ports, true);
  }
}
