package io.khonsu;

import io.khonsu.mvcc.ChangeCursor;
import io.khonsu.mvcc.CommitRequest;
import io.khonsu.mvcc.Conflict;
import io.khonsu.mvcc.IsolationLevel;
import io.khonsu.mvcc.Key;
import io.khonsu.mvcc.KeyInterval;
import io.khonsu.mvcc.ReadSet;
import io.khonsu.mvcc.TxnBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/** Begins and commits the transactions of one store. Thread-safe. */
final class TransactionManager {
  private static final Key NO_KEY = Key.of(new byte[0]);

  private final StoreConfig config;
  private final TxnBuffer<StoredValue> buffer;
  private final ConflictReports reports;
  private final Memory memory;
  private final DroppedTables droppedTables;
  private final OpenViews views;
  private final Committer committer;
  private final Origin origin;
  private final AtomicLong lastTransactionId = new AtomicLong();
  private final LongAdder commits = new LongAdder();
  private final LongAdder otherAborts = new LongAdder();
  private final LongAdder rollbacks = new LongAdder();

  /** Where a store's transactions commit, and where what they read is. */
  record Commits(Committer committer, Origin origin) {}

  TransactionManager(
      StoreConfig config,
      TxnBuffer<StoredValue> buffer,
      DroppedTables droppedTables,
      Memory memory,
      OpenViews views,
      Commits commits) {
    this.config = config;
    this.buffer = buffer;
    this.droppedTables = droppedTables;
    this.reports = new ConflictReports(droppedTables.catalog());
    this.memory = memory;
    this.views = views;
    this.committer = commits.committer();
    this.origin = commits.origin();
  }

  StoreConfig config() {
    return config;
  }

  TxnBuffer<StoredValue> buffer() {
    return buffer;
  }

  Memory memory() {
    return memory;
  }

  OpenViews views() {
    return views;
  }

  ConflictReports reports() {
    return reports;
  }

  long nextTransactionId() {
    return lastTransactionId.incrementAndGet();
  }

  /** Goes on counting transactions after a store was opened again. */
  void continueAfter(long transactionId) {
    lastTransactionId.set(transactionId);
  }

  /** Begins a transaction under an id, which a retried transaction keeps. */
  StagedTransaction begin(long id, TransactionOptions options, RunMode mode) {
    views.checkOpen();
    return new StagedTransaction(this, id, options, mode, origin.begin(options.level()));
  }

  OpenSnapshot snapshot(long stalenessNanosMax) {
    views.checkOpen();
    return new OpenSnapshot(this, origin.newest(stalenessNanosMax));
  }

  /** {@return a snapshot of what is committed here, whatever others know} */
  OpenSnapshot localSnapshot() {
    views.checkOpen();
    return new OpenSnapshot(this, origin.local());
  }

  OpenSnapshot snapshotAt(long version) {
    views.checkOpen();
    return new OpenSnapshot(this, origin.at(version));
  }

  CommittedItems items(ViewState view) {
    return origin.items(view);
  }

  Origin origin() {
    return origin;
  }

  /**
   * {@return a new feed of what is changed in a range of a table}
   *
   * @param version where it begins, or null for the newest version
   */
  ChangeFeed feed(Table table, KeyRange range, @Nullable Long version) {
    views.checkOpen();
    KeyInterval found = check(table).interval(range);
    KeyInterval interval = found != null ? found : new KeyInterval(NO_KEY, NO_KEY);
    ChangeCursor<StoredValue> cursor =
        version == null
            ? buffer.follow(interval, table.catalogKey())
            : buffer.follow(interval, table.catalogKey(), version);
    if (cursor == null) {
      throw new SnapshotTooOldException(version == null ? 0 : version, buffer.oldestVersion());
    }
    return new ChangeFeed(this, table, interval, cursor);
  }

  /** Releases what a handle opened explicitly holds if its user loses it. */
  void watch(StagedTransaction transaction) {
    views.watch(transaction, transaction.state());
  }

  void watch(OpenSnapshot snapshot) {
    views.watch(snapshot, snapshot.state());
  }

  Table check(Table table) {
    Objects.requireNonNull(table, "table");
    if (!table.isIn(buffer)) {
      throw new UnknownTableException(table + " is a table of another store");
    }
    if (table.isDropped()) {
      throw new TableDroppedException(table + " was dropped");
    }
    return table;
  }

  Table check(Table table, TableSpec.Kind kind) {
    Objects.requireNonNull(table, "table");
    if (table.spec().kind() != kind) {
      throw new IllegalArgumentException(
          "%s is a %s table, this call is for %s tables"
              .formatted(table, word(table.spec().kind()), word(kind)));
    }
    return check(table);
  }

  private static String word(TableSpec.Kind kind) {
    return switch (kind) {
      case ROWS -> "row";
      case BATCHES -> "batch";
    };
  }

  void checkAge(ViewState state) {
    origin.checkAge(state);
  }

  static List<Key> keys(Table table, List<?> keys) {
    List<Key> encoded = new ArrayList<>(keys.size());
    for (Object key : keys) {
      encoded.add(key instanceof List<?> values ? table.key(values.toArray()) : table.key(key));
    }
    return encoded;
  }

  /** Commits what a transaction, which this thread has entered, has read and staged. */
  CommitReceipt commit(
      Transaction transaction, ViewState state, StagedWrites staged, Reading reading) {
    try {
      committer.checkRunning();
      reports.names().note(transaction.id(), transaction.options());
      return switch (committer.commit(request(transaction, state, staged, reading), staged)) {
        case CommitDecision.Committed(long version, List<Conflict> resolved) -> {
          commits.increment();
          yield new CommitReceipt(version, reports.readable(resolved, reading));
        }
        case CommitDecision.Aborted(List<Conflict> found) ->
            throw reports.aborted(transaction, found, reading);
      };
    } catch (TransactionConflictException e) {
      throw e; // counted where it was made
    } catch (RuntimeException e) {
      otherAborts.increment();
      throw e;
    }
  }

  static CommitRequest<StoredValue> request(
      Transaction transaction, ViewState state, StagedWrites staged, Reading reading) {
    return new CommitRequest<>(
        transaction.id(),
        transaction.options().level(),
        state.snapshotToCommit(),
        reading.reads(),
        staged.writes());
  }

  void rolledBack() {
    rollbacks.increment();
    ended();
  }

  void ended() {
    droppedTables.purge();
  }

  /**
   * {@return where to wait until something that a transaction has read is changed}
   *
   * @throws RetryImpossibleException if it has read nothing
   * @throws StorageException if nothing will change any more, as the storage has failed
   */
  Parking park(ViewState state, ReadSet<StoredValue> reads, IsolationLevel level) {
    if (reads.itemCount() == 0 && reads.rangeCount() == 0) {
      throw new RetryImpossibleException(
          "retry() would wait for ever, as the transaction has read nothing: read what you wait"
              + " for");
    }
    return origin.park(state, reads, level);
  }

  Contention contention() {
    return reports.contention(buffer.waiterCount());
  }

  Committer committer() {
    return committer;
  }

  StoreStatistics statistics(long retries, StoreStatistics.Compaction compaction) {
    var held = buffer.statistics();
    return new StoreStatistics(
        commits.sum(),
        reports.byType(),
        otherAborts.sum(),
        rollbacks.sum(),
        retries,
        new StoreStatistics.Held(
            held.items(), held.versions(), views.count(), held.records(), memory.usedBytes()),
        compaction,
        memory.spilling());
  }
}
