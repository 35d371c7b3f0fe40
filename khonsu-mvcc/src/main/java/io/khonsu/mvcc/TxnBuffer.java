package io.khonsu.mvcc;

import java.util.List;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The shared multi-version state that transactions read and commit to.
 *
 * <p>Reads take no lock, never wait and never fail: a hash table leads to an item's version chain,
 * newest first, and an ordered index to the chains of a range. Commits pass one short ordered
 * section, so that the order of records, of versions and of visibility is one order, and a snapshot
 * is always a prefix of it.
 *
 * <p>Thread-safe. Values are opaque; their owner is told of their fate by {@link ValueLifecycle}.
 *
 * @param <V> the type of values
 */
public final class TxnBuffer<V> {
  /*
   * The way of a commit:
   *
   *   preview    outside: heads and ranges as they are now; refuses most of what must be refused
   *   link       outside: finds or makes the chains to write
   *   merge      outside: merges that may fail, against the heads as they are now
   *   -- section --
   *   certify    the heads again, the ranges against records appended since, the writes
   *   settle     drop or overwrite what conflicts; back to "merge" if a head has moved on
   *   version    drawn from the source
   *   install    each version becomes its chain's head: pending, as no snapshot is that new
   *   append     the record joins the list
   *   publish    the record becomes the newest that snapshots may see; or later, by publish()
   *   collect    a bounded share of unlinking what nobody sees
   *   -- end --
   *   retire     outside: owners are told of what was unlinked, deltas worked out that hold it up
   */

  /** When an accepted commit becomes visible. */
  public enum Publication {
    /** At once, inside {@link #commit}. */
    AT_COMMIT,
    /** By {@link #publish}, after whatever makes it durable; {@link #withdraw} undoes it. */
    EXPLICIT
  }

  private final KeyTable<V> table;
  private final OrderedIndex<V> ordered = new OrderedIndex<>();
  private final ActiveSnapshots active = new ActiveSnapshots();
  private final CommitSection section;
  private final DependencyTracker<V> dependencies;
  private final Collector<V> collector;
  private final SafeSnapshots<V> safeSnapshots;
  private final Waiters<V> waiters = new Waiters<>();
  private final Publishing<V> publishing = new Publishing<>(this, waiters);
  private final Upkeep<V> upkeep = new Upkeep<>(this, ordered, active);
  private final Prefetch<V> prefetch;
  private final Deltas<V> deltas;
  private final ValueLifecycle<V> lifecycle;
  private final BufferOptions<V> options;

  /** For compaction: who scans gains most from it. */
  private volatile boolean wasScanned;

  /** Creates a buffer without items. */
  public TxnBuffer(BufferOptions<V> options) {
    this.options = options;
    this.lifecycle = options.lifecycle();
    this.deltas = new Deltas<>(options.merger(), options.publication());
    this.table = new KeyTable<>(this, ordered);
    CommitMutex<V> mutex = new CommitMutex<>(CommitRecord.origin(options.firstVersion()));
    this.section = new CommitSection(mutex);
    this.dependencies = new DependencyTracker<>(mutex);
    this.collector = new Collector<>(active, dependencies, table, deltas, options);
    this.safeSnapshots = new SafeSnapshots<>(active, section, dependencies);
    this.prefetch = new Prefetch<>(table, lifecycle);
  }

  /**
   * {@return a key of these bytes that this buffer handles faster than one from {@link Key#of}} It
   * is looked up here, and so needs not be again as long as the item exists.
   *
   * @param bytes taken over: nobody may change them from here on
   */
  public Key key(byte[] bytes) {
    Key sought = new Key(bytes); // never leaves the look-up, so it is not allocated
    Chain<V> found = table.find(sought);
    return found != null ? found : new Chain<>(this, sought);
  }

  /**
   * {@return a key equal to {@code key} that spares this buffer the look-up} Keep it for items that
   * are used again and again; after the item was deleted and purged it is a key like others.
   */
  public Key ref(Key key) {
    Chain<V> found = table.resolve(key);
    return found != null ? found : table.link(candidate(key));
  }

  /**
   * {@return a snapshot of the newest published commit for reading only, which the caller must
   * close} It keeps what it sees, but not what a commit would have to be compared with.
   */
  public Snapshot<V> readOnlySnapshot() {
    int slot = active.openToRead(dependencies.publishedVersion());
    long newest = dependencies.publishedVersion();
    active.settleToRead(slot, newest);
    return new Snapshot<>(active, slot, null, newest);
  }

  /**
   * Opens a snapshot for reading only that fits the serial order of the SERIALIZABLE transactions;
   * with {@link Certification#OCC} every snapshot does, and this is {@link #readOnlySnapshot}.
   *
   * @param awaitHandled waits until the commits up to a version have been published or withdrawn,
   *     or never will be; called only with {@link Publication#EXPLICIT}
   * @return a snapshot, which the caller must close, of a commit that is the newest published at
   *     some time during this call
   */
  public Snapshot<V> safeSnapshot(LongConsumer awaitHandled) {
    if (options.certification() == Certification.OCC) {
      return readOnlySnapshot();
    }
    return safeSnapshots.open(awaitHandled);
  }

  /**
   * {@return a snapshot of the newest published commit, which a transaction can commit from, and
   * which the caller must close}
   */
  public Snapshot<V> snapshot() {
    long seen = dependencies.publishedVersion();
    int slot = active.open(seen);
    CommitRecord<V> start = dependencies.published();
    long newest = dependencies.publishedVersion();
    if (newest != seen) {
      start = start.lastUpTo(newest); // once settled, only one record before it is kept
    }
    active.settle(slot, newest);
    return new Snapshot<>(active, slot, start, newest);
  }

  /**
   * Opens a snapshot of the past, for reading only.
   *
   * @param version any version; the snapshot sees the commits up to and including it
   * @return the snapshot, which the caller must close, or null if {@code version} is older than
   *     {@link #oldestVersion}
   * @throws IllegalArgumentException if {@code version} is not yet published
   */
  public @Nullable Snapshot<V> snapshotAt(long version) {
    checkPublished(version);
    int slot = active.claim(version);
    if (version < collector.boundary()) {
      active.release(slot);
      return null;
    }
    return new Snapshot<>(active, slot, null, version);
  }

  /** {@return the version of the newest published commit} */
  public long newestVersion() {
    return dependencies.publishedVersion();
  }

  /** {@return the newest published commit; before the first, one that changed nothing} */
  public CommitRecord<V> newestRecord() {
    try (Snapshot<V> now = snapshot()) {
      return now.start();
    }
  }

  /** {@return the version of the newest commit, published or not} */
  public long pendingVersion() {
    section.enterForUpkeep();
    try {
      return dependencies.tailVersion();
    } finally {
      section.leave();
    }
  }

  /**
   * Waits for the commit that is inside the commit section now, if any. Where commits are published
   * at once, all that has been met until this call is visible after it.
   */
  public void awaitSection() {
    section.enterForUpkeep();
    section.leave();
  }

  /** {@return the oldest version that {@link #snapshotAt} takes now} */
  public long oldestVersion() {
    return collector.boundary();
  }

  /** {@return as {@link #get}, and adds the item to what must be unchanged at commit} */
  public @Nullable Version<V> read(Key key, Snapshot<V> snapshot, ReadSet<V> reads) {
    Chain<V> chain = table.resolve(key);
    reads.addItem(chain == null ? key : chain);
    return chain == null ? null : visible(chain, snapshot);
  }

  /** {@return the version of an item that a snapshot sees, maybe a tombstone, or null} */
  public @Nullable Version<V> get(Key key, Snapshot<V> snapshot) {
    Chain<V> chain = table.resolve(key);
    return chain == null ? null : visible(chain, snapshot);
  }

  private @Nullable Version<V> visible(Chain<V> chain, Snapshot<V> snapshot) {
    Version<V> version = chain.visibleAt(snapshot.version());
    return version == null ? null : version.settled();
  }

  /**
   * Visits the items of an interval that exist at a snapshot, in key order, each once.
   *
   * @param visitor called on this thread; what it throws ends the scan
   */
  public void scan(KeyInterval interval, Snapshot<V> snapshot, ScanVisitor<V> visitor) {
    var _ = scanPart(interval, snapshot, visitor);
  }

  /**
   * Scans, as {@link #scan} does, until the visitor wants no more: at the end of a block of the
   * index.
   *
   * @return the key to go on from, or null if the interval ends here
   */
  public @Nullable Key scanPart(
      KeyInterval interval, Snapshot<V> snapshot, ScanVisitor<V> visitor) {
    if (!wasScanned) {
      wasScanned = true;
    }
    return scanForUpkeep(interval, snapshot, visitor);
  }

  /** {@return whether anybody has scanned since the last call} */
  public boolean takeScanned() {
    boolean was = wasScanned;
    if (was) {
      wasScanned = false; // who scans meanwhile is told of by this answer
    }
    return was;
  }

  /** Scans, as {@link #scanPart} does, not because somebody wants to know the items. */
  public @Nullable Key scanForUpkeep(
      KeyInterval interval, Snapshot<V> snapshot, ScanVisitor<V> visitor) {
    return new Scan<>(ordered, interval, snapshot.version(), lifecycle, visitor).run();
  }

  /**
   * Lets a transaction that has failed too often go first: until it leaves, no other commits, but
   * for at most a second. Open its snapshot after this call.
   */
  public void enterGate(long transactionId) {
    section.enterGate(transactionId);
  }

  /** Lets the others commit again. Does nothing if the transaction does not hold the gate. */
  public void leaveGate(long transactionId) {
    section.leaveGate(transactionId);
  }

  /** {@return whether a transaction holds the gate} */
  public boolean isGateOf(long transactionId) {
    return section.isGateOf(transactionId);
  }

  /**
   * Loads what the commits of some write sets will look at, so that they wait for memory all at
   * once, and not each for itself. Changes nothing, and is never needed.
   *
   * @param coming not more than the processor's cache has room for: some dozens of small ones
   */
  public void prefetch(List<WriteSet<V>> coming) {
    prefetch.ofWrites(coming);
  }

  /**
   * Certifies a request and, if it is accepted, installs its writes.
   *
   * @throws IllegalStateException if the request's snapshot is closed or one of the past: such
   *     transactions cannot commit
   * @throws RuntimeException what the {@link Merger} or a predicate throws; nothing has changed
   *     then
   */
  public CommitResult<V> commit(CommitRequest<V> request) {
    request.snapshot().checkCommittable();
    CommitResult<V> result = new Preview<>(this, request).run();
    if (waiters.count() > 0 && request.writes().size() > 0) {
      wake(result);
    }
    return result;
  }

  private void wake(CommitResult<V> result) {
    if (options.publication() == Publication.AT_COMMIT
        && result instanceof CommitResult.Accepted<V>(var record, var _)) {
      waiters.wake(record);
    }
  }

  /**
   * Waits, without holding a thread, until something that was read is changed by a commit that is
   * published after {@code snapshot}: an item, present or not, a guard, or any item in a range,
   * whether it matches the range's predicate or not.
   *
   * @param snapshot open, and one that may commit; it may be closed as soon as this returns
   * @param reads not changed any more
   * @param wakeUp called once when that happens, or has happened, maybe before this returns; maybe
   *     for no reason; by the thread that commits, so it must be quick
   * @return what to close when the wait is over
   */
  public Waiter awaitChange(Snapshot<V> snapshot, ReadSet<V> reads, Runnable wakeUp) {
    snapshot.checkCommittable();
    Waiter waiter = waiters.add(reads, wakeUp);
    awaitSection(); // see Waiters for why in this order
    if (new Changes<>(table, snapshot, dependencies.published()).touch(reads)) {
      waiter.wake();
    }
    return waiter;
  }

  /**
   * Waits, without holding a thread, until something that is in {@code reads} is changed by a
   * commit that is published from now on. Who looks for changes after this call misses none.
   *
   * @param reads not changed any more
   * @param wakeUp as for {@link #awaitChange}
   * @return what to close when the wait is over
   */
  public Waiter awaitNext(ReadSet<V> reads, Runnable wakeUp) {
    Waiter waiter = waiters.add(reads, wakeUp);
    awaitSection();
    return waiter;
  }

  /**
   * Follows how items change, beginning with the commits after a version.
   *
   * @param guard another item to follow
   * @return a cursor, which the caller must close, or null if {@code version} is older than {@link
   *     #oldestVersion}
   * @throws IllegalArgumentException if {@code version} is not yet published
   */
  public @Nullable ChangeCursor<V> follow(KeyInterval interval, Key guard, long version) {
    checkPublished(version);
    int slot = active.open(Math.max(version, 0));
    if (version < collector.boundary()) {
      active.release(slot);
      return null;
    }
    return followed(interval, guard, slot, version);
  }

  /** {@return a cursor as {@link #follow(KeyInterval, Key, long)}, from the newest commit on} */
  public ChangeCursor<V> follow(KeyInterval interval, Key guard) {
    int slot = active.open(dependencies.publishedVersion());
    long newest = dependencies.publishedVersion();
    active.stayOpen(slot, newest, false);
    return followed(interval, guard, slot, newest);
  }

  private ChangeCursor<V> followed(KeyInterval interval, Key guard, int slot, long version) {
    section.enterForUpkeep();
    try {
      CommitRecord<V> last = dependencies.lastUpTo(version);
      ChangeCursor<V> cursor = new ChangeCursor<>(this, interval, guard, last, slot, version);
      collector.followers().add(cursor);
      return cursor;
    } finally {
      section.leave();
    }
  }

  /** {@return a hold of the history from the newest published commit on; close it} */
  public HistoryHold<V> hold() {
    int slot = active.open(dependencies.publishedVersion());
    long newest = dependencies.publishedVersion();
    active.stayOpen(slot, newest, false);
    return new HistoryHold<>(active, dependencies, section, slot, newest);
  }

  private void checkPublished(long version) {
    long newest = dependencies.publishedVersion();
    if (version > newest) {
      throw new IllegalArgumentException(
          "version " + version + " is newer than the newest, " + newest);
    }
  }

  /**
   * Visits the items of an interval that two open snapshots see differently, in key order, as long
   * as the visitor asks for more.
   */
  public void diff(
      KeyInterval interval, Snapshot<V> before, Snapshot<V> after, ChangeVisitor<V> visitor) {
    new Differing<>(ordered, interval, before.version(), after.version(), visitor).run();
  }

  /** Wakes all who wait for a change, as none may come any more. */
  public void wakeAll() {
    waiters.wakeAll();
  }

  /** {@return how many wait for a change} */
  public int waiterCount() {
    return waiters.count();
  }

  /**
   * Makes a commit visible, and with it those before it. Does nothing if it is visible.
   *
   * @param record from a {@link CommitResult.Accepted}; publish in the order of versions, leaving
   *     out withdrawn ones
   * @throws RuntimeException what the {@link Merger} throws; nothing was published then, and the
   *     commit whose merge it is can only be withdrawn. {@link CommitRecord#version} tells which
   */
  public void publish(CommitRecord<V> record) {
    publishing.publish(record);
  }

  /**
   * Undoes a commit that was not published: it never happened. Its versions are retired; what later
   * commits had merged with them is worked out again when it is asked for.
   *
   * @throws IllegalStateException if it was published, itself or with a later one
   */
  public void withdraw(CommitRecord<V> record) {
    publishing.withdraw(record);
  }

  /** Unlinks all versions that no snapshot can see. Commits do their share of it anyway. */
  public void collect() {
    upkeep.collect();
  }

  /**
   * Gives the newest versions of some items another place: whoever looks an item up from then on is
   * shown a version of the same number at index <em>i</em> of {@code value} for the <em>i</em>th
   * item. No commit: nothing else changes, and nobody is kept waiting for more than a few items.
   *
   * <p>Who still holds the old version: snapshots that were open at this call, and nobody else; the
   * commit section only looks at heads. So the owner is told first that the old place is {@link
   * ValueLifecycle#superseded}, and that it is {@link ValueLifecycle#vacated} when those snapshots
   * have been closed and {@link #reclaim} or {@link #collect} is called.
   *
   * <p>An item stays where it is if the version is not its newest any more, or not published, or if
   * the item has gone; its place in {@code value} is {@link ValueLifecycle#retired} at once.
   *
   * @param versions of each key the version that a snapshot saw, not a tombstone
   * @param value taken over, also when this fails: each index below the number of keys becomes a
   *     version's place or is retired
   * @return how many items have moved
   * @throws IllegalArgumentException if there are not as many versions as keys, or one has no
   *     value; {@code value} is not taken over then
   */
  public int relocate(List<? extends Key> keys, List<Version<V>> versions, V value) {
    return upkeep.relocate(keys, versions, value);
  }

  /** Tells owners of places that were left by {@link #relocate} and that nobody reads any more. */
  public void reclaim() {
    upkeep.reclaim();
  }

  /**
   * Removes all items of an interval, with their history, when nobody can see them any more.
   *
   * @param since the version from which on no commit touches the interval, which the caller sees to
   * @return false if a snapshot may still see some; nothing was removed then
   */
  public boolean purge(KeyInterval interval, long since) {
    return upkeep.purge(interval, since);
  }

  /**
   * Makes a version the newest, as a commit would that changes nothing.
   *
   * @throws IllegalArgumentException if it is not newer than every commit, published or not
   */
  public void skipTo(long version) {
    section.enterForUpkeep();
    try {
      if (version <= dependencies.tailVersion()) {
        throw new IllegalArgumentException(
            "version %d is not newer than %d".formatted(version, dependencies.tailVersion()));
      }
      CommitRecord<V> record = CommitRecord.origin(version);
      dependencies.append(record);
      dependencies.publish(record);
    } finally {
      leave();
    }
  }

  /**
   * Lets nobody begin to read before a version any more, as what led to it is not here. What is
   * open stays readable.
   *
   * @param version maybe one that is yet to come: until then only what is newest can be read
   */
  public void beginAt(long version) {
    section.enterForUpkeep();
    try {
      collector.beginAt(version);
    } finally {
      leave();
    }
  }

  /** Retires every version. Nobody may use the buffer meanwhile or afterwards. */
  public void clear() {
    upkeep.clear();
  }

  /** {@return what fills this buffer, which must be new, before anybody uses it} */
  public Loading<V> loading() {
    return new Loading<>(this);
  }

  /** {@return what the buffer holds now} */
  public BufferStatistics statistics() {
    section.enterForUpkeep();
    try {
      return new BufferStatistics(
          table.size(),
          collector.liveVersions(),
          active.claims().versions().length,
          collector.records());
    } finally {
      leave();
    }
  }

  ActiveSnapshots active() {
    return active;
  }

  KeyTable<V> table() {
    return table;
  }

  CommitSection section() {
    return section;
  }

  DependencyTracker<V> dependencies() {
    return dependencies;
  }

  Collector<V> collector() {
    return collector;
  }

  Deltas<V> deltas() {
    return deltas;
  }

  BufferOptions<V> options() {
    return options;
  }

  SafeSnapshots<V> safeSnapshots() {
    return safeSnapshots;
  }

  /** Leaves the commit section and passes on what was unlinked in it. */
  void leave() {
    List<Version<V>> retired = collector.takeRetired();
    List<Chain<V>> unsettled = collector.takeUnsettled();
    section.leave();
    for (int i = 0; i < retired.size(); i++) { // mostly none: an iterator of none is a new object
      Version<V> version = retired.get(i);
      lifecycle.retired(version.requireValue(), version.index());
    }
    deltas.settle(this, unsettled);
  }

  @SuppressWarnings("unchecked") // a chain of this buffer holds V
  Chain<V> candidate(Key key) {
    return key instanceof Chain<?> chain && chain.isCandidateOf(this)
        ? (Chain<V>) chain
        : new Chain<>(this, key);
  }
}
