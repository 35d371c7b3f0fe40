package io.khonsu.distributed;

import io.khonsu.distributed.DistributedCommitManager.Presence;
import io.khonsu.distributed.DistributedCommitManager.Surroundings;
import java.io.IOException;

/** The way into a cluster. */
public final class Cluster {
  private Cluster() {}

  /**
   * Starts a node in this process.
   *
   * @param presence whether it was there before
   * @param around what it works with; disk and transport are taken over, also if this fails
   * @return the node, which the caller must close
   * @throws io.khonsu.spi.StorageRefusedException if its disk is empty and must not be, or another
   *     node's
   * @throws IOException if the disk cannot be read or written
   */
  public static ClusterMember join(ClusterConfig config, Presence presence, Surroundings around)
      throws IOException {
    DistributedCommitManager manager;
    try {
      manager = DistributedCommitManager.open(config, presence, around);
    } catch (IOException | RuntimeException e) {
      around.transport().close();
      around.disk().close();
      throw e;
    }
    ClusterMember member = new ClusterMember(config, manager, around.clock());
    try {
      member.start();
      return member;
    } catch (IOException | RuntimeException e) {
      member.close();
      throw e;
    }
  }
}
