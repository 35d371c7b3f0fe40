package io.khonsu;

import io.khonsu.mvcc.CommitRequest;
import io.khonsu.mvcc.CommitResult;
import io.khonsu.mvcc.Conflict;
import io.khonsu.mvcc.ConflictStrategy;
import io.khonsu.mvcc.IsolationLevel;
import io.khonsu.mvcc.ReadSet;
import io.khonsu.mvcc.TxnBuffer;
import io.khonsu.mvcc.WriteSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Commits on this machine alone: the buffer's commit section is the order, and a pipeline, if there
 * is a storage, makes each durable before it is visible.
 */
final class EmbeddedCommitter implements Committer {
  private final TxnBuffer<StoredValue> buffer;
  private final DroppedTables droppedTables;
  private final Recovery.TableMaker tables;
  private final Memory memory;
  private final @Nullable CommitPipeline pipeline;

  EmbeddedCommitter(
      TxnBuffer<StoredValue> buffer,
      DroppedTables droppedTables,
      Recovery.TableMaker tables,
      Memory memory,
      @Nullable CommitPipeline pipeline) {
    this.buffer = buffer;
    this.droppedTables = droppedTables;
    this.tables = tables;
    this.memory = memory;
    this.pipeline = pipeline;
  }

  @Override
  public @Nullable StorageException stopped() {
    return pipeline == null ? null : pipeline.stopped();
  }

  @Override
  public void checkRunning() {
    MergeStep.checkMayWait();
    Committer.super.checkRunning();
  }

  @Override
  public void checkMerges() {} // any merge is possible

  @Override
  public CommitDecision commit(CommitRequest<StoredValue> request, StagedWrites staged) {
    List<StoredBatch> frozen = ViewState.within(() -> staged.freeze(memory, memory.versions()));
    boolean accepted = false;
    try {
      CommitResult<StoredValue> result = certified(request);
      if (result instanceof CommitResult.Aborted<StoredValue>(List<Conflict> conflicts)) {
        return new CommitDecision.Aborted(conflicts);
      }
      accepted = true;
      var done = (CommitResult.Accepted<StoredValue>) result;
      // If all its writes were dropped, the record is that of another, which is visible already.
      if (pipeline != null && done.record().transactionId() == request.transactionId()) {
        pipeline.await(done.record());
      }
      return new CommitDecision.Committed(done.record().version(), done.resolved());
    } finally {
      if (!accepted) {
        frozen.forEach(StoredBatch::discard);
      }
    }
  }

  @Override
  public CommitStatus outcome(long commitId) {
    throw new IllegalArgumentException(
        "there is no commit %d: only commits on a cluster have ids; a store that is none shows all that it has committed when it is opened again"
            .formatted(commitId));
  }

  /** {@return that it was accepted or aborted} */
  private CommitResult<StoredValue> certified(CommitRequest<StoredValue> request) {
    while (true) {
      CommitResult<StoredValue> result = buffer.commit(request);
      switch (result) {
        case CommitResult.Accepted<StoredValue> _ -> {
          return result;
        }
        case CommitResult.Aborted<StoredValue>(List<Conflict> found) -> {
          boolean waited = awaitPublished(found);
          if (!waited || found.stream().noneMatch(ConflictReports::isOfTable)) {
            return result;
          }
          // The table was about to be dropped: by now it is, or will not be.
        }
        case CommitResult.Blocked<StoredValue>(long pending) -> awaitHandled(pending);
      }
    }
  }

  /**
   * Waits until what a transaction collided with is visible, so that its next attempt sees it;
   * {@return whether it was not, or has been withdrawn}
   */
  private boolean awaitPublished(List<Conflict> found) {
    long newest = found.stream().mapToLong(Conflict::winnerVersion).max().orElse(0);
    boolean isPending = newest > buffer.newestVersion();
    if (isPending) {
      awaitHandled(newest);
    }
    return isPending;
  }

  private void awaitHandled(long version) {
    if (pipeline != null) {
      pipeline.awaitHandled(version);
    } else {
      // Met in the instant between being installed and published, inside the commit section.
      buffer.awaitSection();
    }
  }

  @Override
  public Table createTable(long transactionId, TableSpec spec) {
    Catalog catalog = droppedTables.catalog();
    StoredTable definition = new StoredTable(catalog.nextId(), spec);
    Table table = tables.make(definition);
    WriteSet<StoredValue> writes = new WriteSet<>();
    var _ = writes.put(table.catalogKey(), definition, 0, ConflictStrategy.FAIL);
    var _ = commitDefinition(transactionId, writes);
    catalog.add(table);
    return table;
  }

  @Override
  public void dropTable(long transactionId, Table table) {
    // Marked before it has its version: whoever was let in sees a snapshot from before, or the
    // mark.
    droppedTables.catalog().drop(table);
    try {
      WriteSet<StoredValue> writes = new WriteSet<>();
      var _ = writes.delete(table.catalogKey(), ConflictStrategy.FAIL);
      droppedTables.add(table, commitDefinition(transactionId, writes));
    } catch (RuntimeException | Error e) {
      droppedTables.catalog().restore(table);
      throw e;
    }
  }

  private long commitDefinition(long transactionId, WriteSet<StoredValue> writes) {
    checkRunning();
    try (var snapshot = buffer.snapshot()) {
      var request =
          new CommitRequest<>(
              transactionId,
              IsolationLevel.SERIALIZABLE,
              snapshot,
              new ReadSet<StoredValue>(),
              writes);
      if (buffer.commit(request) instanceof CommitResult.Accepted<StoredValue> accepted) {
        if (pipeline != null) {
          pipeline.await(accepted.record());
        }
        return accepted.record().version();
      }
      throw new AssertionError("broken invariant: a blind write is accepted");
    }
  }

  @Override
  public void awaitCurrent(long stalenessNanosMax) {} // what was committed is visible

  @Override
  public void awaitHandledOrNever(long version) {
    if (pipeline != null) {
      pipeline.awaitHandledOrNever(version);
    }
  }

  @Override
  public void awaitPending() {
    if (pipeline != null) {
      pipeline.awaitAllHandled();
    }
  }

  @Override
  public Fairness fairness() {
    return Fairness.GATE;
  }

  @Override
  public void close() {
    if (pipeline != null) {
      pipeline.close();
    }
  }
}
