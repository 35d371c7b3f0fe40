package io.khonsu;

import io.khonsu.mvcc.CommitRequest;
import io.khonsu.mvcc.CommitResult;
import io.khonsu.mvcc.Conflict;
import io.khonsu.mvcc.Key;
import io.khonsu.mvcc.TxnBuffer;
import io.khonsu.mvcc.WriteSet;
import io.khonsu.spi.CommitOrder;
import io.khonsu.spi.CommitOrder.Reply;
import io.khonsu.spi.Mutation;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Commits together with other nodes: a transaction becomes an encoded request, which every replica
 * certifies at its place in one order. See {@link ReplicatedStore} for that side of it.
 */
final class ReplicatedCommitter implements Committer {
  private final CommitOrder order;
  private final TxnBuffer<StoredValue> buffer;
  private final LongSupplier newestVersion;
  private final Catalog catalog;
  private final CommitEncoder encoder;
  private final Memory memory;

  /** Why nothing will be ordered any more; null as long as something may be. */
  private volatile @Nullable Throwable failure;

  ReplicatedCommitter(
      CommitOrder order, TxnBuffer<StoredValue> buffer, Catalog catalog, Memory memory) {
    this(order, buffer, buffer::newestVersion, catalog, memory);
  }

  /**
   * Commits transactions that read somewhere else than in {@code buffer}.
   *
   * @param newestVersion a version that is committed, and not long ago
   */
  ReplicatedCommitter(
      CommitOrder order,
      TxnBuffer<StoredValue> buffer,
      LongSupplier newestVersion,
      Catalog catalog,
      Memory memory) {
    this.order = order;
    this.buffer = buffer;
    this.newestVersion = newestVersion;
    this.catalog = catalog;
    this.encoder = new CommitEncoder(catalog);
    this.memory = memory;
  }

  /** Lets all that needs the order fail from here on, and wakes who waits for a change. */
  void stop(Throwable cause) {
    failure = cause;
    buffer.wakeAll();
  }

  @Override
  public @Nullable StorageException stopped() {
    Throwable cause = failure;
    return cause == null
        ? null
        : new StorageException(
            "the node has failed and the store has stopped: close it and open it again", cause);
  }

  @Override
  public void checkMerges() {
    throw new UnsupportedOperationException(
        "a store on several nodes cannot merge into rows: read the row and put it instead");
  }

  @Override
  public CommitDecision commit(CommitRequest<StoredValue> request, StagedWrites staged) {
    if (staged.isEmpty()) {
      return validated(request);
    }
    return ordered(request, staged);
  }

  /** Commits in the order, whether something was written or not. */
  CommitDecision ordered(CommitRequest<StoredValue> request, StagedWrites staged) {
    return decided(request.transactionId(), encode(request, staged));
  }

  /** {@return the bytes of a request and of what was staged} */
  byte[] encode(CommitRequest<StoredValue> request, StagedWrites staged) {
    List<StoredBatch> frozen = staged.freeze(memory, null);
    try {
      WriteSet<StoredValue> writes = request.writes();
      return EncodedRequest.of(request, encoder.encode(writes), encoder.encodeAppends(writes))
          .encode();
    } finally {
      frozen.forEach(StoredBatch::discard);
    }
  }

  /** What only reads needs no place in the order, if all that was committed before is here. */
  private CommitDecision validated(CommitRequest<StoredValue> request) {
    if (request.level().validatesItems()) {
      awaitCurrent(0);
    }
    return switch (buffer.commit(request)) {
      case CommitResult.Accepted<StoredValue>(var record, var resolved) ->
          new CommitDecision.Committed(record.version(), resolved);
      case CommitResult.Aborted<StoredValue>(List<Conflict> conflicts) ->
          new CommitDecision.Aborted(conflicts);
      case CommitResult.Blocked<StoredValue> _ ->
          throw new AssertionError("broken invariant: what is applied is published");
    };
  }

  private CommitDecision decided(long transactionId, byte[] request) {
    return switch (answer(transactionId, request)) {
      case CommitAnswer.Committed(long version, int _, List<Conflict> resolved) ->
          new CommitDecision.Committed(version, resolved);
      case CommitAnswer.Aborted(List<Conflict> conflicts) -> new CommitDecision.Aborted(conflicts);
      case CommitAnswer.TooOld(long version, long oldest) ->
          throw new SnapshotTooOldException(version, oldest);
      case CommitAnswer.OverLimit(long sizeBytes, long limitBytes) ->
          throw new LimitExceededException(
              "a merged batch", sizeBytes, "transactionSizeMaxBytes", limitBytes);
      case CommitAnswer.Refused(CommitAnswer.Reason reason, String message) ->
          throw refused(reason, message);
    };
  }

  private CommitAnswer answer(long transactionId, byte[] request) {
    return switch (await(order.submit(request))) {
      case Reply.Decided(byte[] answer) -> CommitAnswer.decode(answer);
      case Reply.Unavailable(String reason) -> throw unavailable(reason);
      case Reply.TooLarge(long sizeBytes, long limitBytes) ->
          throw new LimitExceededException(
              "the commit request", sizeBytes, "the cluster's requestBytesMax", limitBytes);
      case Reply.Unknown(long commitId, String reason) ->
          throw new CommitOutcomeUnknownException(transactionId, commitId, reason);
    };
  }

  private UnavailableException unavailable(String reason) {
    checkRunning();
    return new UnavailableException(reason, null);
  }

  private static RuntimeException refused(CommitAnswer.Reason reason, String message) {
    return switch (reason) {
      case TABLE_DROPPED -> new TableDroppedException(message);
      case TABLE_EXISTS -> new TableExistsException(message);
      case MALFORMED ->
          throw new AssertionError("broken invariant: own requests are read, " + message);
    };
  }

  private static <T> T await(CompletionStage<T> stage) {
    return stage.toCompletableFuture().join();
  }

  @Override
  public CommitStatus outcome(long commitId) {
    CommitStatus status = await(order.outcome(commitId));
    if (status instanceof CommitStatus.Unavailable) {
      checkRunning(); // or it never is available here
    }
    return status;
  }

  @Override
  public Table createTable(long transactionId, TableSpec spec) {
    Table table = catalog.byId(define(transactionId, spec).tableId());
    if (table == null) {
      throw new TableDroppedException("table \"%s\" was dropped".formatted(spec.name()));
    }
    return table;
  }

  /** Has a table created; {@return what was answered} */
  CommitAnswer.Committed define(long transactionId, TableSpec spec) {
    return done(answer(transactionId, encode(spec)));
  }

  /** {@return a request to create a table, which gets its number when it is applied} */
  byte[] encode(TableSpec spec) {
    return definition(List.of(), new Mutation.CreateTable(Catalog.CATALOG_ID, spec));
  }

  @Override
  public void dropTable(long transactionId, Table table) {
    Mutation change = new Mutation.DropTable(table.id());
    var _ = done(answer(transactionId, definition(List.of(table.catalogKey()), change)));
  }

  private static CommitAnswer.Committed done(CommitAnswer answer) {
    if (answer instanceof CommitAnswer.Committed committed) {
      return committed;
    }
    throw refused(answer);
  }

  private byte[] definition(List<Key> guards, Mutation change) {
    return EncodedRequest.ofDefinition(newestVersion.getAsLong(), guards, change).encode();
  }

  private static RuntimeException refused(CommitAnswer answer) {
    return switch (answer) {
      case CommitAnswer.Refused(CommitAnswer.Reason reason, String message) ->
          refused(reason, message);
      case CommitAnswer.Aborted _ -> new TableDroppedException("the table was dropped meanwhile");
      case CommitAnswer.TooOld _ ->
          new UnavailableException("this node lags too far behind: try again", null);
      case CommitAnswer.Committed _, CommitAnswer.OverLimit _ ->
          throw new AssertionError("broken invariant: a definition is made or refused");
    };
  }

  @Override
  public void awaitCurrent(long stalenessNanosMax) {
    if (await(order.awaitCurrent(stalenessNanosMax)) instanceof Reply.Unavailable(String reason)) {
      throw unavailable(reason);
    }
  }

  @Override
  public void awaitHandledOrNever(long version) {} // what is applied is visible

  @Override
  public void awaitPending() {} // nobody holds a gate

  @Override
  public Fairness fairness() {
    return Fairness.NONE;
  }

  @Override
  public void close() {
    order.close();
  }
}
