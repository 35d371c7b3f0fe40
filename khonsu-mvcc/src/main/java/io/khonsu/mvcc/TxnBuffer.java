package io.khonsu.mvcc;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
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
   *   merge      outside: what APPEND would merge, against the heads as they are now
   *   -- section --
   *   certify    the heads again, the ranges against records appended since, the writes
   *   settle     drop, overwrite or merge what conflicts; back to "merge" if a head has moved on
   *   version    drawn from the source
   *   install    each version becomes its chain's head: pending, as no snapshot is that new
   *   append     the record joins the list
   *   publish    the record becomes the newest that snapshots may see; or later, by publish()
   *   collect    a bounded share of unlinking what nobody sees
   *   -- end --
   *   retire     outside: owners are told of what was unlinked
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
  private final VacatedVersions<V> vacated = new VacatedVersions<>(active);
  private final Waiters<V> waiters = new Waiters<>();
  private final ValueLifecycle<V> lifecycle;
  private final BufferOptions<V> options;

  /** Creates a buffer without items. */
  public TxnBuffer(BufferOptions<V> options) {
    this.options = options;
    this.lifecycle = options.lifecycle();
    this.table = new KeyTable<>(this, ordered);
    CommitMutex<V> mutex = new CommitMutex<>(CommitRecord.origin(options.firstVersion()));
    this.section = new CommitSection(mutex);
    this.dependencies = new DependencyTracker<>(mutex);
    this.collector = new Collector<>(active, dependencies, table, options);
  }

  /**
   * {@return a key of these bytes that this buffer handles faster than one from {@link Key#of}}
   *
   * @param bytes taken over: nobody may change them from here on
   */
  public Key key(byte[] bytes) {
    return new Chain<>(this, bytes);
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
    return chain == null ? null : chain.visibleAt(snapshot.version());
  }

  /** {@return the version of an item that a snapshot sees, maybe a tombstone, or null} */
  public @Nullable Version<V> get(Key key, Snapshot<V> snapshot) {
    Chain<V> chain = table.resolve(key);
    return chain == null ? null : chain.visibleAt(snapshot.version());
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
    Certifier<V> certifier = new Certifier<>(table, request);
    CommitRecord<V> previewed = previewRanges(request, certifier);
    certifier.preview();
    if (!certifier.conflicts().isEmpty()) {
      return new CommitResult.Aborted<>(certifier.conflicts());
    }
    if (request.writes().size() == 0) {
      return new CommitResult.Accepted<>(previewed, List.of());
    }
    CommitResult<V> result = new Committing<>(this, request, certifier, previewed).run();
    if (waiters.count() > 0) {
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
   */
  public void publish(CommitRecord<V> record) {
    List<CommitRecord<V>> news = List.of();
    section.enterForUpkeep();
    try {
      int share = 0;
      CommitRecord<V> last = dependencies.published();
      while (last.version() < record.version()) {
        last = Invariants.present(last.next(), "a commit to publish is in the list");
        last.settle();
        dependencies.publish(last);
        share += last.size() + 1;
        if (waiters.count() > 0) {
          news = news.isEmpty() ? new ArrayList<>() : news;
          news.add(last);
        }
      }
      collector.workForAll(share);
    } finally {
      leave();
    }
    news.forEach(waiters::wake);
  }

  /**
   * Undoes a commit that was not published: it never happened. Its versions are retired.
   *
   * @throws IllegalStateException if it was published, itself or with a later one
   */
  public void withdraw(CommitRecord<V> record) {
    section.enterForUpkeep();
    try {
      if (record.version() <= newestVersion()) {
        throw new IllegalStateException("commit " + record.version() + " was published");
      }
      List<Version<V>> reinstated = collector.withdraw(record);
      record.erase();
      for (Version<V> version : reinstated) {
        lifecycle.reinstated(version.requireValue(), version.index());
      }
    } finally {
      leave();
    }
  }

  /** Unlinks all versions that no snapshot can see. Commits do their share of it anyway. */
  public void collect() {
    section.enterForUpkeep();
    try {
      collector.workAll();
    } finally {
      leave();
    }
    reclaim();
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
    if (keys.size() != versions.size()) {
      throw new IllegalArgumentException(keys.size() + " keys, " + versions.size() + " versions");
    }
    for (Version<V> version : versions) {
      if (version.value() == null) {
        throw new IllegalArgumentException(
            "a version without a value cannot be moved, version " + version.version());
      }
    }
    return new Relocating<>(this, vacated, keys, versions, value).run();
  }

  /** Tells owners of places that were left by {@link #relocate} and that nobody reads any more. */
  public void reclaim() {
    collector.followers().renew();
    vacated.takeUnread().forEach(this::vacate);
  }

  private void vacate(Version<V> version) {
    lifecycle.vacated(version.requireValue(), version.index());
  }

  /**
   * Removes all items of an interval, with their history, when nobody can see them any more.
   *
   * @param since the version from which on no commit touches the interval, which the caller sees to
   * @return false if a snapshot may still see some; nothing was removed then
   */
  public boolean purge(KeyInterval interval, long since) {
    section.enterForUpkeep();
    try {
      if (!collector.isPast(since)) {
        return false;
      }
    } finally {
      leave();
    }
    purge(interval);
    return true;
  }

  /** Retires every version. Nobody may use the buffer meanwhile or afterwards. */
  public void clear() {
    vacated.takeAll().forEach(this::vacate);
    eachBlock(new KeyInterval(Key.of(new byte[0]), null), collector::retireAll);
  }

  /** Removes a block of the index at a time, so that commits can come between. */
  private void purge(KeyInterval interval) {
    eachBlock(interval, collector::purge);
  }

  private void eachBlock(KeyInterval interval, Consumer<Chain<V>> action) {
    OrderedIndex.@Nullable Content<V> content = ordered.contentAt(interval.from());
    while (content != null) {
      section.enterForUpkeep();
      try {
        for (int i = 0; i < content.count; i++) {
          if (interval.contains(content.chains[i])) {
            action.accept(content.chains[i]);
          }
        }
      } finally {
        leave();
      }
      Key high = content.high();
      boolean isDone =
          high == null || (interval.to() != null && high.compareTo(interval.to()) >= 0);
      content = isDone ? null : content.next();
    }
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

  BufferOptions<V> options() {
    return options;
  }

  /** Leaves the commit section and passes on what was unlinked in it. */
  void leave() {
    List<Version<V>> retired = collector.takeRetired();
    section.leave();
    for (Version<V> version : retired) {
      lifecycle.retired(version.requireValue(), version.index());
    }
  }

  @SuppressWarnings("unchecked") // a chain of this buffer holds V
  Chain<V> candidate(Key key) {
    return key instanceof Chain<?> chain && chain.isCandidateOf(this)
        ? (Chain<V>) chain
        : new Chain<>(this, key);
  }

  /**
   * {@return a published commit up to which the ranges are unchanged} Items that are unchanged when
   * looked at later were so at that commit too, so a request that only reads is valid there.
   */
  private CommitRecord<V> previewRanges(CommitRequest<V> request, Certifier<V> certifier) {
    if (request.reads().rangeCount() == 0) {
      return request.writes().size() == 0 ? newestRecord() : request.snapshot().roughStart();
    }
    try (Snapshot<V> now = snapshot()) {
      certifier.checkRanges(request.snapshot().start(), now.start(), now.version());
      return now.start();
    }
  }
}
