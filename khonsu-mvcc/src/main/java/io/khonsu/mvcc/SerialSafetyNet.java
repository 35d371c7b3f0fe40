package io.khonsu.mvcc;

import java.util.LinkedHashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Decides whether a transaction whose reads have become stale may commit all the same, after Wang,
 * Johnson, Fekete and Pandis, "Efficiently making (almost) any concurrency control mechanism
 * serializable" (VLDB Journal 26, 2017), there the exclusion window of the Serial Safety Net.
 *
 * @param <V> the type of values
 */
final class SerialSafetyNet<V> {
  /*
   * An edge leads from what must come first in a serial order to what must come later: from the
   * writer of a version to its reader (wr) and to the writer of the next version (ww), from the
   * reader of a version to the writer of the next one (rw). As snapshots are prefixes of the commit
   * order, and versions stand in it, only rw edges can lead from a later commit to an earlier one:
   * from T, whose read is stale, to W, which overwrote it. Call those edges back, others forward.
   *
   *   place(T)  the least commit version of what can be reached from T by back edges, T included:
   *             T's own, or the least place(W) of the W that overwrote what T read
   *
   * T commits if each U with a forward edge into T has committed before place(T). Then there is no
   * cycle: let X be the earliest commit in one. Go backwards from X, along back edges only, up to
   * T, which a forward edge from some U in the cycle enters. So place(T) <= X <= U, which T's
   * commit has excluded.
   *
   * Here the edges U -> T are drawn to T from all U that T's snapshot saw, not only from those whose
   * versions T used. That is at most a little stricter, and it gives two things. All that ended
   * before T began is among them, so the serial order respects real time. And what T must know of
   * stands in the commit records after its snapshot, which that keeps: records carry the reads of
   * their transactions and their places, so versions and chains carry no stamps that collecting,
   * relocating or withdrawing would have to look after, and absent items and ranges are as good as
   * items. Nobody looks for the U as long as place(T) is T's own: a transaction without stale reads
   * costs what it costs under OCC.
   *
   * Blind writes need not be the first ones: ww edges are forward edges like others.
   *
   * Whoever only reads at a snapshot s stands between s and the next commit. All edges out of it are
   * forward ones, and ask of each later W that overwrites what it read that place(W) > s. It is not
   * tracked; it is taken to have read everything (SafeSnapshots).
   *
   * Records withdrawn by their storage were no commits. What was refused or placed early on their
   * account errs on the safe side. What they hid is not missed: T looks for everyone who wrote or
   * read its items, not only for the nearest.
   */

  private final CommitRequest<V> request;
  private final long snapshot;

  /** Items read of which a later version has been met. */
  private final Set<Key> stale = new LinkedHashSet<>();

  /** The last record that was searched for who overwrote a read. */
  private CommitRecord<V> searchedOut;

  /** The last record that was searched for who comes before; not beyond {@link #searchedOut}. */
  private CommitRecord<V> searchedIn;

  private long place = Long.MAX_VALUE;

  /** The stale read that gave the place. */
  private @Nullable Conflict out;

  /** The newest commit found with a forward edge into the transaction. */
  private @Nullable Predecessor in;

  SerialSafetyNet(CommitRequest<V> request) {
    this.request = request;
    this.snapshot = request.snapshot().version();
    this.searchedOut = request.snapshot().start();
    this.searchedIn = searchedOut;
  }

  /** Notes an item read whose current version the snapshot does not see. */
  void addStale(Key item) {
    stale.add(item);
  }

  /** {@return the version of the earliest commit that must come later, or the greatest long} */
  long place() {
    return place;
  }

  /** {@return whether there may be an edge in the commits not yet searched} */
  boolean mustSearch() {
    return !stale.isEmpty() || request.reads().rangeCount() > 0;
  }

  /**
   * Searches the commits up to one that is published. Stale items must have been added after that
   * was so.
   *
   * @param now an open snapshot's version, which keeps what is looked at
   */
  void searchUpTo(CommitRecord<V> published, long now) {
    @Nullable CommitRecord<V> next = searchedOut.next();
    while (next != null && next.version() <= published.version()) {
      searchOut(next, now);
      next = searchedOut.next();
    }
    searchIn();
  }

  /**
   * Searches all commits. Commit section only.
   *
   * @param most how many to search at most
   * @return false if there are more, which should be searched outside first
   */
  boolean searchAll(int most) {
    if (!isNearTail(searchedOut, most)) {
      return false;
    }
    @Nullable CommitRecord<V> next = searchedOut.next();
    while (next != null) {
      searchOut(next, Long.MAX_VALUE);
      next = searchedOut.next();
    }
    if (out != null && !isNearTail(searchedIn, most)) {
      return false;
    }
    searchIn();
    return true;
  }

  private boolean isNearTail(CommitRecord<V> from, int most) {
    @Nullable CommitRecord<V> record = from;
    for (int i = 0; i <= most && record != null; i++) {
      record = record.next();
    }
    return record == null;
  }

  private void searchOut(CommitRecord<V> record, long now) {
    searchedOut = record;
    if (record.place() >= place) {
      return; // whatever edge there is, it is a weaker one
    }
    for (int i = 0; i < record.size(); i++) {
      Chain<V> chain = record.chain(i);
      @Nullable KeyInterval range = changedRange(record, chain, now);
      if (range != null || stale.contains(chain)) {
        place = record.place();
        out = conflict(record, chain, range);
        return;
      }
    }
  }

  /**
   * {@return the range read that a commit may have changed, or null} What has been overwritten
   * again cannot be looked at any more, and counts as matching.
   */
  private @Nullable KeyInterval changedRange(CommitRecord<V> record, Chain<V> chain, long now) {
    ReadSet<V> reads = request.reads();
    for (int i = 0; i < reads.rangeCount(); i++) {
      ReadSet.Range<V> range = reads.range(i);
      if (range.interval().contains(chain)) {
        Version<V> after = chain.visibleAt(now);
        if (after == null
            || after.version != record.version()
            || range.matches(chain, chain.visibleAt(snapshot))
            || range.matches(chain, after)) {
          return range.interval();
        }
      }
    }
    return null;
  }

  /** Searches for who comes before, if that matters by now. */
  @SuppressWarnings("ReferenceEquality") // these very records
  private void searchIn() {
    while (out != null && searchedIn != searchedOut) {
      searchedIn = Invariants.present(searchedIn.next(), "what was searched stands in the list");
      searchIn(searchedIn);
    }
  }

  private void searchIn(CommitRecord<V> record) {
    WriteSet<V> writes = request.writes();
    Footprint footprint = record.footprint();
    @Nullable Key key = footprint == null ? null : footprint.readOf(writes);
    Predecessor.Edge edge = Predecessor.Edge.READ_WRITE;
    for (int i = 0; key == null && i < record.size(); i++) {
      if (writes.find(record.chain(i)) >= 0) {
        key = record.chain(i);
        edge = Predecessor.Edge.WRITE_WRITE;
      }
    }
    if (key != null) {
      in = new Predecessor(edge, key, record.version(), record.transactionId());
    }
  }

  /**
   * {@return why the transaction cannot commit, or null if it can, as far as was searched}
   *
   * @param newestSafe the newest version that a safe snapshot was opened at
   */
  @Nullable Conflict refusal(long newestSafe) {
    if (out == null) {
      return null;
    }
    if (place <= snapshot) {
      return out.after(new Predecessor(Predecessor.Edge.BEGIN, null, snapshot, 0));
    }
    if (in != null && in.version() >= place) {
      return out.after(in);
    }
    return newestSafe < place
        ? null
        : out.after(new Predecessor(Predecessor.Edge.SNAPSHOT, null, newestSafe, 0));
  }

  private static <V> Conflict conflict(
      CommitRecord<V> winner, Chain<V> chain, @Nullable KeyInterval range) {
    Version<V> head = chain.head();
    return new Conflict(
        chain,
        range,
        head != null && head.isTombstone() ? ConflictType.READ_DELETE : ConflictType.READ_WRITE,
        ConflictStrategy.FAIL,
        winner.version(),
        winner.transactionId(),
        null);
  }
}
