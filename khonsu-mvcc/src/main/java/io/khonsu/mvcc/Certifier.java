package io.khonsu.mvcc;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Decides whether one transaction may commit next: a deterministic function of the request and of
 * the commits so far, the same embedded and on every replica.
 *
 * <p>SERIALIZABLE is optimistic read validation ("write-snapshot isolation", Yabandeh and Gómez
 * Ferro, EuroSys 2012): all that was read is unchanged, so the transaction could as well have run
 * in one instant at its commit; the order of commits is a serial order. A range is unchanged if no
 * item that was committed in it since matches the range's predicate before or after (precision
 * locking, Neumann et al., SIGMOD 2015). The before-image is the state at the snapshot and the
 * after-image the current one: what an item was in between concerns nobody.
 *
 * <p>Checks outside the commit section are a preview: they refuse early, and shorten what is left
 * to do inside.
 *
 * @param <V> the type of values
 */
final class Certifier<V> {
  private final KeyTable<V> table;
  private final CommitRequest<V> request;

  /** What stale reads are left to; null where each is a conflict. */
  private final @Nullable SerialSafetyNet<V> net;

  private @Nullable Winners<V> winners;

  /** The fatal ones found so far. */
  private List<Conflict> conflicts = List.of();

  Certifier(KeyTable<V> table, CommitRequest<V> request, Certification certification) {
    this.table = table;
    this.request = request;
    boolean mayComeEarlier =
        certification == Certification.SSN
            && request.level() == IsolationLevel.SERIALIZABLE
            && request.writes().size() > 0;
    this.net = mayComeEarlier ? new SerialSafetyNet<>(request) : null;
  }

  /** {@return what it decides about} */
  CommitRequest<V> request() {
    return request;
  }

  /** {@return what decides about stale reads, or null if they are conflicts} */
  @Nullable SerialSafetyNet<V> net() {
    return net;
  }

  /** {@return the fatal conflicts found since the last {@link #forget}} */
  List<Conflict> conflicts() {
    return conflicts;
  }

  /** Forgets the conflicts found. */
  void forget() {
    conflicts = List.of();
  }

  /** Adds a fatal conflict. */
  void add(Conflict conflict) {
    conflicts = Conflict.plus(conflicts, conflict);
  }

  /** Lets the net, if there is one with something to search for, search what is published. */
  void searchPublished(TxnBuffer<V> buffer) {
    if (net == null || !net.mustSearch() || !conflicts.isEmpty()) {
      return;
    }
    try (Snapshot<V> now = buffer.snapshot()) {
      checkItems();
      net.searchUpTo(now.start(), now.version());
    }
    addRefusal(buffer.safeSnapshots());
  }

  /** Adds the conflict for which the net does not let the transaction commit, if there is one. */
  void addRefusal(SafeSnapshots<V> snapshots) {
    Conflict refusal = net == null ? null : net.refusal(snapshots.newest());
    if (refusal != null) {
      add(refusal);
    }
  }

  /** Adds the fatal conflicts of items and writes as things stand. */
  void preview() {
    checkItems();
    WriteSet<V> writes = request.writes();
    for (int i = 0; i < writes.size(); i++) {
      Chain<V> chain = table.resolve(writes.key(i));
      if (chain == null) {
        continue;
      }
      writes.setKey(i, chain); // spares the next ones the look-up
      Conflict conflict = checkWrite(i, chain.head());
      if (conflict != null && conflict.isFatal()) {
        add(conflict);
      }
    }
  }

  /**
   * Adds a conflict for every guard, and every item read, that has changed since the snapshot; an
   * item is left to the net if there is one.
   */
  void checkItems() {
    ReadSet<V> reads = request.reads();
    for (Key guard : reads.guards()) {
      Version<V> newer = newerVersion(guard);
      if (newer != null && !isResolvable(guard)) {
        addStale(guard, newer);
      }
    }
    int items = request.level().validatesItems() ? reads.itemCount() : 0;
    for (int i = 0; i < items; i++) {
      Key item = reads.item(i);
      Version<V> newer = newerVersion(item);
      if (newer != null && net != null) {
        net.addStale(item);
      } else if (newer != null && !isResolvable(item)) {
        addStale(item, newer);
      }
    }
  }

  /** {@return the current version of an item, if the snapshot does not see it, or null} */
  private @Nullable Version<V> newerVersion(Key key) {
    Chain<V> chain = table.resolve(key);
    Version<V> head = chain == null ? null : chain.head();
    return head != null && head.version > snapshot() ? head : null;
  }

  private void addStale(Key key, Version<V> newer) {
    add(readConflict(key, null, newer, winnerAt(newer.version)));
  }

  /**
   * Adds a conflict for every range read that a commit has changed, of those after {@code from} up
   * to {@code to}. Does nothing if there is a net.
   *
   * @param now what stands for the current state: outside the commit section an open snapshot's
   *     version, which keeps the images readable; inside, the greatest long
   * @param to the last record to look at, or null for the last there is
   */
  @SuppressWarnings("ReferenceEquality") // these very records
  void checkRanges(CommitRecord<V> from, @Nullable CommitRecord<V> to, long now) {
    if (request.level() != IsolationLevel.SERIALIZABLE
        || request.reads().rangeCount() == 0
        || net != null) {
      return;
    }
    @Nullable CommitRecord<V> record = from == to ? null : from.next();
    while (record != null) {
      for (int i = 0; i < record.size(); i++) {
        checkRange(record, record.chain(i), now);
      }
      record = record == to ? null : record.next();
    }
  }

  /**
   * An item is looked at where the commit of its current version stands in the list: once, however
   * often it was changed, and not for withdrawn commits.
   */
  private void checkRange(CommitRecord<V> record, Chain<V> chain, long now) {
    @Nullable Version<V> after = null;
    ReadSet<V> reads = request.reads();
    for (int i = 0; i < reads.rangeCount(); i++) {
      ReadSet.Range<V> range = reads.range(i);
      if (!range.interval().contains(chain)) {
        continue;
      }
      after = after == null ? chain.visibleAt(now) : after;
      if (after == null || after.version != record.version()) {
        return;
      }
      if (range.matches(chain, chain.visibleAt(snapshot())) || range.matches(chain, after)) {
        add(readConflict(chain, range.interval(), after, record.transactionId()));
        return;
      }
    }
  }

  /**
   * Says what to do about the write at a position.
   *
   * @return null if it conflicts with nothing; otherwise the conflict, with the strategy to settle
   *     it by
   */
  @Nullable Conflict checkWrite(int position, @Nullable Version<V> head) {
    ConflictStrategy strategy = request.writes().strategy(position);
    if (strategy == ConflictStrategy.APPEND) {
      return null;
    }
    boolean blind = request.level() == IsolationLevel.SERIALIZABLE;
    if (blind && (strategy == ConflictStrategy.FAIL || strategy == ConflictStrategy.REPLACE)) {
      return null; // what was not read may be overwritten in any serial order
    }
    if (head == null || head.version <= snapshot() || isBlindMerge(position)) {
      return null;
    }
    return new Conflict(
        request.writes().key(position),
        null,
        head.isTombstone() ? ConflictType.WRITE_DELETE : ConflictType.WRITE_WRITE,
        strategy,
        head.version,
        winnerAt(head.version),
        null);
  }

  /**
   * What was not read may be merged into in any order; one snapshot per operation promises less.
   */
  private boolean isBlindMerge(int position) {
    WriteSet<V> writes = request.writes();
    return writes.isMerge(position)
        && !(request.level().readsAtBegin() && request.reads().covers(writes.key(position)));
  }

  /**
   * Below SERIALIZABLE a stale read of an item that is also written is the write's conflict, and
   * for its strategy to settle. SERIALIZABLE never settles a stale read.
   */
  private boolean isResolvable(Key key) {
    return request.level() != IsolationLevel.SERIALIZABLE && request.writes().find(key) >= 0;
  }

  private long winnerAt(long version) {
    if (winners == null) {
      winners = new Winners<>(request.snapshot().start());
    }
    return winners.at(version);
  }

  private long snapshot() {
    return request.snapshot().version();
  }

  private static <V> Conflict readConflict(
      Key key, @Nullable KeyInterval range, Version<V> winner, long winnerTransaction) {
    return new Conflict(
        key,
        range,
        winner.isTombstone() ? ConflictType.READ_DELETE : ConflictType.READ_WRITE,
        ConflictStrategy.FAIL,
        winner.version,
        winnerTransaction,
        null);
  }
}
