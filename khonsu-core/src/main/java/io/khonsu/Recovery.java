package io.khonsu;

import io.khonsu.mvcc.CommitRequest;
import io.khonsu.mvcc.CommitResult;
import io.khonsu.mvcc.ConflictStrategy;
import io.khonsu.mvcc.IsolationLevel;
import io.khonsu.mvcc.ReadSet;
import io.khonsu.mvcc.TxnBuffer;
import io.khonsu.mvcc.WriteSet;
import io.khonsu.spi.CommittedTransaction;
import io.khonsu.spi.DamagedStorageException;
import io.khonsu.spi.StateReceiver;

/** Puts what a storage replays into an empty buffer, under the versions it was committed with. */
final class Recovery {
  private final TxnBuffer<StoredValue> buffer;
  private final DroppedTables droppedTables;
  private final Catalog catalog;
  private final TableMaker tables;
  private final ReplayedVersions versions;
  private final Memory memory;
  private final OpeningProgress progress = new OpeningProgress(System::nanoTime);
  private long lastVersion;
  private long lastTransactionId;

  /** Makes handles of tables. */
  @FunctionalInterface
  interface TableMaker {
    Table make(StoredTable definition);
  }

  Recovery(
      TxnBuffer<StoredValue> buffer,
      DroppedTables droppedTables,
      TableMaker tables,
      ReplayedVersions versions,
      Memory memory) {
    this.buffer = buffer;
    this.droppedTables = droppedTables;
    this.catalog = droppedTables.catalog();
    this.tables = tables;
    this.versions = versions;
    this.memory = memory;
  }

  /** {@return what takes the state that commits before the first to be applied have left} */
  BaseLoad base() {
    return new BaseLoad(buffer.loading(), catalog, tables, progress, memory);
  }

  /** Goes on after a state that was loaded. */
  void beginAfter(StateReceiver.Extent extent) {
    lastVersion = extent.version();
    lastTransactionId = extent.transactionId();
    versions.force(extent.version());
    versions.release();
  }

  long lastTransactionId() {
    return lastTransactionId;
  }

  /** Applies one commit. */
  void apply(CommittedTransaction commit) throws DamagedStorageException {
    if (commit.version() <= lastVersion) {
      throw new DamagedStorageException(
          "version %d comes after %d".formatted(commit.version(), lastVersion));
    }
    StagedMutations staged = new StagedMutations(catalog, tables, memory);
    boolean installed = false;
    try {
      stage(commit, staged);
      staged.dropped().forEach(catalog::drop); // before anybody can see that they are gone
      install(commit, staged.writes());
      installed = true;
    } finally {
      if (!installed) {
        staged.discard();
      }
    }
    progress.commit();
    lastVersion = commit.version();
    lastTransactionId = Math.max(lastTransactionId, commit.transactionId());
    staged.created().forEach(catalog::add);
    for (Table table : staged.dropped()) {
      droppedTables.add(table, commit.version());
    }
  }

  /**
   * Applies one commit of a replica, which cannot go on without it.
   *
   * @throws StorageException if there is no memory for it
   */
  void applyOrStop(CommittedTransaction commit) throws DamagedStorageException {
    try {
      apply(commit);
    } catch (UnavailableException e) {
      throw withoutMemory(memory, "commit " + commit.version(), e);
    }
  }

  /** {@return why a replica cannot go on} */
  static StorageException withoutMemory(Memory memory, String what, UnavailableException cause) {
    return new StorageException(
        "%s cannot be applied, for the node's memory is used up: %d bytes are taken, %d more are possible; raise store.memoryLimitBytes and start the node again"
            .formatted(what, memory.usedBytes(), memory.headroomBytes()),
        cause);
  }

  private static void stage(CommittedTransaction commit, StagedMutations staged)
      throws DamagedStorageException {
    try {
      staged.addAll(commit.mutations(), ConflictStrategy.FAIL);
    } catch (DamagedStorageException e) {
      DamagedStorageException damage =
          new DamagedStorageException(
              "commit %d cannot be read: %s".formatted(commit.version(), e.getMessage()));
      damage.initCause(e);
      throw damage;
    }
  }

  private void install(CommittedTransaction commit, WriteSet<StoredValue> writes) {
    versions.force(commit.version());
    try (var snapshot = buffer.snapshot()) {
      var request =
          new CommitRequest<>(
              commit.transactionId(),
              IsolationLevel.SERIALIZABLE,
              snapshot,
              new ReadSet<StoredValue>(),
              writes);
      if (buffer.commit(request) instanceof CommitResult.Accepted<StoredValue> accepted) {
        buffer.publish(accepted.record());
      } else {
        throw new AssertionError("broken invariant: a blind write is accepted");
      }
    } finally {
      versions.release();
    }
  }
}
