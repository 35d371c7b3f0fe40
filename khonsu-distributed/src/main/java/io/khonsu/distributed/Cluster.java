package io.khonsu.distributed;

import io.khonsu.NodePresence;
import io.khonsu.distributed.DistributedCommitManager.Surroundings;
import io.khonsu.durable.OwnedDisk;
import io.khonsu.spi.KeyValueEngine;
import io.khonsu.spi.KeyValueStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** The way into a cluster. */
public final class Cluster {
  /** What can be done when a node's disk is lost. */
  static final String REMEDY =
      "start the node with an empty directory, as one that joins, and let a member replace it";

  private Cluster() {}

  /**
   * Opens the disk of a node in a directory, with the engine on the class path.
   *
   * @param directory of this node alone
   * @param presence whether the node was there before; makes the directory if it was not
   * @return the disk, for {@link Surroundings}
   * @throws io.khonsu.spi.StorageRefusedException if it is missing, another node's, cut short, in
   *     use, or there already and must not be
   * @throws IOException if it cannot be read or written
   */
  public static KeyValueStore disk(Path directory, ClusterConfig config, NodePresence presence)
      throws IOException {
    KeyValueEngine engine = KeyValueEngine.onClassPath();
    List<String> spaces = DistributedCommitManager.spaces();
    String name =
        "node %s of group %d of cluster %d"
            .formatted(config.member(), config.group(), config.clusterId());
    OwnedDisk.Owner owner = new OwnedDisk.Owner(name, REMEDY);
    return switch (presence) {
      case NEW, JOINING -> OwnedDisk.create(directory, owner, spaces, engine);
      case EXISTING -> OwnedDisk.open(directory, owner, spaces, engine);
    };
  }

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
  public static ClusterMember join(ClusterConfig config, NodePresence presence, Surroundings around)
      throws IOException {
    DistributedCommitManager manager;
    try {
      manager = DistributedCommitManager.open(config, presence, around);
    } catch (IOException | RuntimeException | Error e) {
      around.transport().close();
      around.disk().close();
      throw e;
    }
    ClusterMember member = new ClusterMember(config, manager, around.clock());
    try {
      member.start();
      return member;
    } catch (IOException | RuntimeException | Error e) {
      member.close();
      throw e;
    }
  }
}
