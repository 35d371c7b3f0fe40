package io.khonsu.benchmarks;

import io.khonsu.distributed.ClusterConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
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
  private static final ClusterLoad.Setting LARGE = new ClusterLoad.Setting(4, 64 << 10);
  private static final long LOAD_MILLIS = 2_000;

  /** Nodes that have nothing to do talk all the same. */
  private static final long IDLE_MILLIS = 1_500;

  /** Nodes forget what is so old or so much, and write checkpoints after so much. */
  private static final Duration SNAPSHOT_AGE = Duration.ofSeconds(2);

  private static final long HISTORY_BYTES_MAX = 4 << 20;
  private static final long CHECKPOINT_BYTES = 1 << 20;

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
        nodes.addLast(
            new KhonsuNode(
                new ClusterSite(NODES, node, own, ports, true), KhonsuTraining::forgetful));
      }
      for (KhonsuNode node : nodes) { // one leads, the others pass commits on to it
        var _ = new ClusterLoad(node, LOAD).run(LOAD_MILLIS);
        var _ = node.lead();
      }
      Thread.sleep(IDLE_MILLIS);
      ClusterSite outside = new ClusterSite(NODES, 0, directory, ports, true);
      try (KhonsuClient client = new KhonsuClient(outside)) {
        var _ = new ClusterLoad(client, LOAD).run(LOAD_MILLIS);
        var _ = new ClusterLoad(client, LARGE).run(LOAD_MILLIS / 2);
        Thread.sleep(IDLE_MILLIS);
        var _ = new ClusterLoad(client, LOAD).run(LOAD_MILLIS);
      }
    } finally {
      while (!nodes.isEmpty()) {
        nodes.removeLast().close();
      }
    }
  }

  /** {@return settings by which what is rare happens within seconds} */
  private static ClusterConfig forgetful(ClusterConfig usual) {
    ClusterConfig.Times times = usual.times();
    ClusterConfig.Limits limits = usual.limits();
    return usual
        .with(
            new ClusterConfig.Times(
                times.tick(),
                times.commitTimeout(),
                times.resend(),
                times.upkeep(),
                SNAPSHOT_AGE,
                times.sessionAge()))
        .with(
            new ClusterConfig.Limits(
                limits.batchBytesMax(),
                limits.batchCountMax(),
                limits.batchesMax(),
                limits.pendingBytesMax(),
                CHECKPOINT_BYTES,
                limits.inboxBytesMax(),
                HISTORY_BYTES_MAX));
  }
}
