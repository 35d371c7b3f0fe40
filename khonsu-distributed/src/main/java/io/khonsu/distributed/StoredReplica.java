package io.khonsu.distributed;

import io.khonsu.NodePresence;
import io.khonsu.consensus.DurableState;
import io.khonsu.consensus.Identity;
import io.khonsu.consensus.Member;
import io.khonsu.consensus.Replica;
import io.khonsu.distributed.DistributedCommitManager.Surroundings;
import io.khonsu.spi.StorageRefusedException;
import java.io.IOException;

/**
 * The replica of a node as its disk leaves it, or as it begins.
 *
 * @param config of the node, with the disk that it has
 * @param replica not started yet
 * @param log of the disk
 * @param start how often the node was started on this disk, this time included
 */
record StoredReplica(ClusterConfig config, Replica replica, ConsensusLog log, long start) {

  /**
   * Looks at the disk.
   *
   * @throws StorageRefusedException if it is empty and must not be, or the other way round, or is
   *     another node's
   */
  static StoredReplica open(ClusterConfig config, NodePresence presence, Surroundings around)
      throws IOException {
    ConsensusLog log = new ConsensusLog(config.group());
    DurableState found = log.load(around.disk(), Checkpoints.index(around.disk(), config.group()));
    if (found != null) {
      check(config, presence, found.metadata().identity());
      ClusterConfig itself = config.as(found.metadata().identity().member());
      Replica replica = Replica.recover(found, config.consensus());
      return new StoredReplica(itself, replica, log, found.metadata().starts() + 1);
    }
    return switch (presence) {
      case EXISTING ->
          throw new StorageRefusedException(
              StorageRefusedException.Reason.DATA_LOSS,
              "the storage of node %d is empty, and with it its promises are lost: put it back, or %s"
                  .formatted(config.member().node(), Cluster.REMEDY));
      case NEW -> {
        Replica replica =
            Replica.bootstrap(config.identity(), config.members(), config.consensus());
        yield new StoredReplica(config, replica, log, 1);
      }
      case JOINING -> {
        // No two disks of a node have the same number: promises of a lost one bind nobody else.
        Member member = new Member(config.member().node(), around.clock().millis());
        ClusterConfig itself = config.as(member);
        Replica replica = Replica.joining(itself.identity(), config.consensus());
        yield new StoredReplica(itself, replica, log, 1);
      }
    };
  }

  private static void check(ClusterConfig config, NodePresence presence, Identity found)
      throws StorageRefusedException {
    boolean isOwn =
        found.clusterId() == config.clusterId() && found.member().node() == config.member().node();
    if (!isOwn) {
      throw new StorageRefusedException(
          StorageRefusedException.Reason.FOREIGN_PART,
          "the storage belongs to %s, not to %s: give each node its own directory"
              .formatted(found, config.identity()));
    }
    if (presence != NodePresence.EXISTING) {
      throw new StorageRefusedException(
          StorageRefusedException.Reason.NOT_A_STORE,
          "the storage of node %s is not empty: open it as what was there before, not as new"
              .formatted(found.member()));
    }
  }
}
