package io.khonsu.distributed;

import io.khonsu.ReplicatedStore;
import io.khonsu.StateCheck;
import io.khonsu.spi.CommittedTransaction;
import io.khonsu.spi.DamagedStorageException;
import io.khonsu.spi.Mutation;

/**
 * Looks whether this node can become what another one has sent, before it does: afterwards it is
 * too late to go back. Event loop only.
 */
final class SnapshotCheck implements SnapshotStaging.Check {
  private final GroupState state;
  private final ReplicatedStore store;
  private final StateCheck rows;
  private int lastTableId;

  SnapshotCheck(GroupState state, ReplicatedStore store) {
    this.state = state;
    this.store = store;
    this.rows = store.check();
  }

  @Override
  public void begin(Checkpoint head) throws DamagedStorageException {
    boolean isInOrder =
        head.base().version() <= head.newestVersion()
            && head.watermark() <= head.newestVersion()
            && head.newestVersion() <= head.clock();
    boolean isOlder =
        head.appliedIndex() > state.appliedIndex()
            && (head.newestVersion() < store.newestVersion() || head.clock() < state.clock());
    if (!isInOrder || isOlder) {
      throw new DamagedStorageException(
          "a checkpoint contradicts itself, or version %d here: %s"
              .formatted(store.newestVersion(), head));
    }
    if (head.members().length > 0) {
      var _ = ClusterMembers.decode(head.members());
    }
    new Sessions().decode(head.sessions());
    lastTableId = head.lastTableId();
  }

  @Override
  public void part(CommittedTransaction part) throws DamagedStorageException {
    checkTables(part);
    rows.part(part);
  }

  @Override
  public void commit(CommittedTransaction commit) throws DamagedStorageException {
    checkTables(commit);
    rows.commit(commit);
  }

  private void checkTables(CommittedTransaction transaction) throws DamagedStorageException {
    for (Mutation mutation : transaction.mutations()) {
      if (mutation.tableId() > lastTableId) {
        throw new DamagedStorageException(
            "there is table %d, and the last one has number %d"
                .formatted(mutation.tableId(), lastTableId));
      }
    }
  }
}
