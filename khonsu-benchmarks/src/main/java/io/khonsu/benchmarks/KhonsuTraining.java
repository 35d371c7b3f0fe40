package io.khonsu.benchmarks;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;

/**
 * A program that lets nodes of Khonsu do what they do, so that the virtual machine notes what it
 * has to load and to compile, as the one does that the launcher runs once after a build.
 */
final class KhonsuTraining {
  private static final int NODES = ClusterSystem.KHONSU.size();
  private static final ClusterLoad.Setting LOAD = new ClusterLoad.Setting(16, 100);
  private static final long LOAD_MILLIS = 2_000;

  private KhonsuTraining() {}

  /** Arguments: an empty directory, all ports of the nodes. */
  public static void main(String[] args) throws Exception {
    BenchCommand.logWarningsOnly();
    Path directory = Path.of(args[0]);
    List<Integer> ports = Arrays.stream(args).skip(1).map(Integer::valueOf).toList();
    Deque<KhonsuNode> nodes = new ArrayDeque<>();
    try {
      for (int node = 1; node <= NODES; node++) {
        Path own = Files.createDirectory(directory.resolve("node-" + node));
        nodes.addLast(new KhonsuNode(new ClusterSite(NODES, node, own, ports, true)));
      }
      for (KhonsuNode node : nodes) { // one leads, the others pass commits on to it
        var _ = new ClusterLoad(node, LOAD).run(LOAD_MILLIS);
      }
      ClusterSite outside = new ClusterSite(NODES, 0, directory, ports, true);
      try (KhonsuClient client = new KhonsuClient(outside)) {
        var _ = new ClusterLoad(client, LOAD).run(LOAD_MILLIS);
      }
    } finally {
      while (!nodes.isEmpty()) {
        nodes.removeLast().close();
      }
    }
  }
}
