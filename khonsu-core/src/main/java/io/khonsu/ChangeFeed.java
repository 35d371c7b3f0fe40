package io.khonsu;

import io.khonsu.internal.arrow.FrozenBatch;
import io.khonsu.mvcc.ChangeCursor;
import io.khonsu.mvcc.CommitRecord;
import io.khonsu.mvcc.Key;
import io.khonsu.mvcc.KeyInterval;
import io.khonsu.mvcc.ReadSet;
import io.khonsu.mvcc.Version;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * What commits change in a range of a table, in their order, to be asked for. Commits that were not
 * asked for stay readable, until they exceed {@link StoreConfig#watchBacklogBytes}. Close it.
 *
 * <p>Not for several threads at once, except that any thread may close it. Every method that asks
 * throws {@link WatchEndedException} if it fell behind, {@link TableDroppedException} after what
 * was changed until the table was dropped, {@link StorageException} after what was changed until
 * the store has stopped, {@link StoreClosedException} if it was closed, and {@link
 * IllegalStateException} if this was closed.
 */
public final class ChangeFeed implements AutoCloseable {
  private final TransactionManager manager;
  private final Table table;
  private final ChangeCursor<StoredValue> cursor;
  private final ReadSet<StoredValue> watched = new ReadSet<>();
  private final AtomicBoolean busy = new AtomicBoolean();
  private volatile @Nullable Parking parked;
  private volatile Runnable whenClosed = () -> {};
  private volatile Runnable whenCutOff = () -> {};
  private volatile boolean closed;
  private volatile boolean cutOff;
  private volatile boolean dropped;

  ChangeFeed(
      TransactionManager manager,
      Table table,
      KeyInterval interval,
      ChangeCursor<StoredValue> cursor) {
    this.manager = manager;
    this.table = table;
    this.cursor = cursor;
    watched.addGuard(table.catalogKey());
    watched.addRange(interval, null);
  }

  /** {@return the changes of the next commit that changed something, if there is one} */
  public Optional<CommitChanges> poll() {
    enter();
    try {
      return passed(look());
    } finally {
      busy.set(false);
    }
  }

  /**
   * {@return the changes of the next commit, waiting for it up to a time}
   *
   * @throws InterruptedException if the thread was interrupted; no change is lost
   */
  public Optional<CommitChanges> poll(Duration timeout) throws InterruptedException {
    boolean isEndless = timeout.compareTo(Duration.ofNanos(Long.MAX_VALUE)) >= 0;
    enter();
    try {
      return passed(await(isEndless ? Long.MAX_VALUE : timeout.toNanos()));
    } finally {
      busy.set(false);
    }
  }

  /** {@return the version up to which everything was returned: where another can begin} */
  public long version() {
    return cursor.version();
  }

  /** Ends this. Closing twice does nothing. */
  @Override
  public void close() {
    closed = true;
    cursor.close();
    whenClosed.run();
    wake();
    if (!cutOff) {
      manager.ended();
    }
  }

  /** Ends this because the store closes; nothing reads the store for it afterwards. */
  void cutOff() {
    cutOff = true;
    cursor.close();
    wake();
    whenCutOff.run();
  }

  void whenClosed(Runnable action) {
    whenClosed = action;
  }

  void whenCutOff(Runnable action) {
    whenCutOff = action;
  }

  private void wake() {
    Parking waiting = parked;
    if (waiting != null) {
      waiting.run();
    }
  }

  private void enter() {
    if (!busy.compareAndSet(false, true)) {
      throw new ConcurrentUseException("another thread is using it: give each thread its own");
    }
  }

  private Optional<CommitChanges> passed(@Nullable CommitChanges changes) {
    if (changes != null) {
      cursor.pass();
    }
    return Optional.ofNullable(changes);
  }

  /** Counts what was returned by {@link #await} as delivered. */
  void pass() {
    cursor.pass();
  }

  /** {@return the changes of the next commit, not passed; or null if the time is over} */
  @Nullable CommitChanges await(long nanos) throws InterruptedException {
    long start = System.nanoTime();
    while (true) {
      CommitChanges changes = look();
      long left = nanos - (System.nanoTime() - start);
      if (changes == null && left > 0) {
        changes = park(left);
      }
      if (changes != null || left <= 0) {
        return changes;
      }
    }
  }

  /**
   * {@return the changes of the next commit, not passed} An interrupt, a listener's own, is lost.
   */
  CommitChanges awaitUninterruptibly() {
    while (true) {
      try {
        CommitChanges changes = await(Long.MAX_VALUE);
        if (changes != null) {
          return changes;
        }
      } catch (InterruptedException _) {
        checkOpen(); // the store interrupts when it closes
      }
    }
  }

  boolean isCutOff() {
    return cutOff;
  }

  @SuppressWarnings("MustBeClosedChecker") // the parking owns the registration
  private @Nullable CommitChanges park(long nanos) throws InterruptedException {
    try (Parking parking = new Parking()) {
      parked = parking;
      parking.own(manager.buffer().awaitNext(watched, parking)::close);
      CommitChanges changes = look();
      if (changes == null
          && parking.await(nanos) == ContentionListener.WaitOutcome.INTERRUPTED
          && Thread.interrupted()) {
        throw new InterruptedException();
      }
      return changes;
    } finally {
      parked = null;
    }
  }

  private @Nullable CommitChanges look() {
    while (true) {
      checkOpen();
      StorageException stopped = manager.committer().stopped(); // first: nothing comes after that
      Map<Key, Change> changes = new TreeMap<>();
      CommitRecord<StoredValue> record = read(changes);
      if (record == null) {
        checkOpen();
        if (stopped != null) {
          throw stopped;
        }
        return null;
      }
      if (!changes.isEmpty()) {
        return new CommitChanges(
            record.version(), record.transactionId(), List.copyOf(changes.values()));
      }
      cursor.pass();
    }
  }

  private @Nullable CommitRecord<StoredValue> read(Map<Key, Change> changes) {
    try (RecentBatches recent = RecentBatches.pinning()) {
      return cursor.read((key, before, after) -> {
        if (Catalog.isCatalogKey(key)) {
          dropped |= after == null;
        } else {
          List<Object> values = List.of(table.valuesOf(key));
          changes.put(key, new Change(values, rows(before, recent), rows(after, recent)));
        }
        return true;
      });
    }
  }

  private @Nullable List<Row> rows(@Nullable Version<StoredValue> version, RecentBatches recent) {
    if (version == null) {
      return null;
    }
    FrozenBatch batch = recent.bytesOf(Reading.storedOf(version));
    int first = table.isRowTable() ? version.index() : 0;
    int count = table.isRowTable() ? 1 : batch.rowCount();
    List<Row> rows = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      rows.add(new Row(table.shape(), batch.getObjects(first + i)));
    }
    return List.copyOf(rows);
  }

  private void checkOpen() {
    if (cutOff) {
      throw new StoreClosedException();
    }
    if (closed) {
      throw new IllegalStateException("this was closed: begin again from version " + version());
    }
    if (dropped) {
      throw new TableDroppedException(table + " was dropped");
    }
    if (cursor.isRevoked()) {
      throw new WatchEndedException(WatchEndedException.Reason.FELL_BEHIND, version(), null);
    }
  }
}
