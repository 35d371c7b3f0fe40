package io.khonsu.server.demo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/** The demo of a cluster: three processes under load, of which one after another is hurt. */
public final class ClusterAct {
  private static final int COMMITS = 100;

  private ClusterAct() {}

  /**
   * Plays it, in a temporary directory that is deleted at the end.
   *
   * @param mainClass the program's
   * @param progress is told, again and again, in one line what goes on
   * @throws IOException if the disk cannot be written, or a process not started
   * @throws TimeoutException if the cluster did not come back
   */
  public static ClusterReport run(String mainClass, Consumer<String> progress)
      throws IOException, InterruptedException, TimeoutException {
    Path root = Files.createTempDirectory("khonsu-cluster");
    try {
      progress.accept("starting three processes");
      try (HurtCluster cluster = HurtCluster.create(root, HurtCluster.NODES, mainClass, progress)) {
        progress.accept("committing on all of them");
        cluster.awaitCommits(COMMITS);
        cluster.killLeader();
        cluster.awaitCommits(COMMITS);
        cluster.cutChain();
        cluster.awaitCommits(COMMITS);
        cluster.killAll();
        cluster.awaitCommits(COMMITS);
        return cluster.audit();
      }
    } finally {
      DurableAct.delete(root);
    }
  }
}
