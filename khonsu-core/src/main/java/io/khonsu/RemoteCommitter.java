package io.khonsu;

import io.khonsu.mvcc.CommitRequest;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Commits at a cluster, as a client. Thread-safe. */
final class RemoteCommitter implements Committer {
  private final RemoteLink link;
  private final RemoteTables tables;
  private final ReplicatedCommitter committer;

  /** Commits through {@code committer}, whose order is that of {@code link}. */
  RemoteCommitter(RemoteLink link, RemoteTables tables, ReplicatedCommitter committer) {
    this.link = link;
    this.tables = tables;
    this.committer = committer;
  }

  @Override
  public @Nullable StorageException stopped() {
    return null; // the cluster answers for itself
  }

  @Override
  public void checkMerges() {
    committer.checkMerges();
  }

  @Override
  public CommitDecision commit(CommitRequest<StoredValue> request, StagedWrites staged) {
    if (staged.isEmpty() && !validates(request)) {
      return new CommitDecision.Committed(request.snapshot().version(), List.of());
    }
    CommitDecision decision = committer.ordered(request, staged);
    if (decision instanceof CommitDecision.Committed committed) {
      link.saw(committed.version());
    }
    return decision;
  }

  /** {@return whether what was read must be compared with what is committed now} */
  private static boolean validates(CommitRequest<StoredValue> request) {
    return request.level().validatesItems()
        && request.reads().itemCount() + request.reads().rangeCount() > 0;
  }

  @Override
  public CommitStatus outcome(long commitId) {
    CommitStatus status = committer.outcome(commitId);
    if (status instanceof CommitStatus.Committed(long version)) {
      link.saw(version);
    }
    return status;
  }

  @Override
  public Table createTable(long transactionId, TableSpec spec) {
    CommitAnswer.Committed made = committer.define(transactionId, spec);
    link.saw(made.version());
    return tables.add(new StoredTable(made.tableId(), spec));
  }

  @Override
  public void dropTable(long transactionId, Table table) {
    committer.dropTable(transactionId, table);
    tables.drop(table);
  }

  @Override
  public void awaitCurrent(long stalenessNanosMax) {
    link.saw(link.versions(stalenessNanosMax).newest());
  }

  @Override
  public void awaitHandledOrNever(long version) {} // what is committed there is visible

  @Override
  public void awaitPending() {} // nobody holds a gate

  @Override
  public Fairness fairness() {
    return Fairness.NONE;
  }

  @Override
  public void close() {
    committer.close();
  }
}
