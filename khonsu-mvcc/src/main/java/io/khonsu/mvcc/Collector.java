package io.khonsu.mvcc;

import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Unlinks versions that no snapshot can see, also in the middle of a chain, so that one old reader
 * does not keep a hot item's whole history; purges items whose last version is a tombstone.
 *
 * <p>Everything here runs inside the commit section, a bounded amount per commit: chains that have
 * grown deep at once, others when the horizon has passed the version that overwrote them. What
 * counts as active is looked up now and then and remembered; a remembered answer is safe, since
 * snapshots opened later see the boundary or newer, and those closed meanwhile only keep too much.
 *
 * @param <V> the type of values
 */
final class Collector<V> {
  private static final int COMMITS_PER_REFRESH = 32;

  private final ActiveSnapshots active;
  private final DependencyTracker<V> dependencies;
  private final KeyTable<V> table;
  private final long retention;
  private final boolean reportsRetired;
  private final OverwrittenQueue<V> overwritten = new OverwrittenQueue<>();
  private List<Version<V>> retired = new ArrayList<>();

  /**
   * Nothing at or above this version was unlinked because it is old. Read by {@code snapshotAt}.
   */
  private volatile long boundary;

  /** Up to here versions may be unlinked: the boundary, or less while a snapshot is opening. */
  private long reach;

  private long[] snapshots = {};

  /** The oldest snapshot that may commit: it may ask about the records after it. */
  private long committing = Long.MAX_VALUE;

  private int commitsSinceRefresh;

  /** The newest published version at the last refresh. Once per version is often enough. */
  private long refreshedAt;

  private long liveVersions;

  Collector(
      ActiveSnapshots active,
      DependencyTracker<V> dependencies,
      KeyTable<V> table,
      long retention,
      boolean reportsRetired) {
    this.active = active;
    this.dependencies = dependencies;
    this.table = table;
    this.retention = retention;
    this.reportsRetired = reportsRetired;
    this.boundary = dependencies.published().version();
    this.reach = boundary;
  }

  /** {@return the oldest version that a snapshot can be opened at} */
  long boundary() {
    return boundary;
  }

  long liveVersions() {
    return liveVersions;
  }

  /** Notes that a version was installed. */
  void installed(Chain<V> chain, @Nullable Version<V> overwrote) {
    liveVersions++;
    if (overwrote == null) {
      return;
    }
    enqueue(chain);
    if (chain.isDueForPruning()) {
      prune(chain);
      if (chain.isDueForPruning() && dependencies.published().version() > refreshedAt) {
        refresh();
        prune(chain);
      }
    }
  }

  /**
   * Takes the versions of an unpublished commit out again; what they hid may be garbage by now.
   *
   * @return the versions with values that were made heads by it
   */
  @SuppressWarnings("ReferenceEquality") // these very versions
  List<Version<V>> withdraw(CommitRecord<V> record) {
    List<Version<V>> reinstated = new ArrayList<>();
    Chain<V>[] chains = record.chains();
    Version<V>[] installed = record.installed();
    for (int i = 0; i < chains.length; i++) {
      Chain<V> chain = chains[i];
      Version<V> older = installed[i].older();
      // Below a newer pending version, what is older remains superseded: by that one.
      if (chain.head() == installed[i] && older != null && !older.isTombstone()) {
        reinstated.add(older);
      }
      chain.withdraw(installed[i]);
      retire(installed[i]);
      enqueue(chain);
      purgeIfEmpty(chain);
    }
    return reinstated;
  }

  private void enqueue(Chain<V> chain) {
    if (!chain.isQueued()) {
      chain.setQueued(true);
      overwritten.add(chain, dependencies.tail().version());
    }
  }

  /** Does a commit's share of the work. */
  void work(int share) {
    if (++commitsSinceRefresh >= COMMITS_PER_REFRESH) {
      refresh();
    }
    long horizon = horizon();
    for (int i = 0; i < share && overwritten.firstVersion() <= horizon; i++) {
      collectFirst(horizon);
    }
    dependencies.trim(Math.min(reach, committing), share);
  }

  /** Does all the work there is. */
  void workAll() {
    refresh();
    long horizon = horizon();
    int waiting = overwritten.size();
    for (int i = 0; i < waiting; i++) {
      collectFirst(horizon);
    }
    dependencies.trim(Math.min(reach, committing), Integer.MAX_VALUE);
  }

  /** {@return the versions unlinked since the last call, whose owner must be told} */
  List<Version<V>> takeRetired() {
    if (retired.isEmpty()) {
      return List.of();
    }
    List<Version<V>> taken = retired;
    retired = new ArrayList<>();
    return taken;
  }

  /** Purges a chain that has no version, as an aborted commit leaves behind. */
  void purgeIfEmpty(Chain<V> chain) {
    if (chain.head() == null && !chain.isDead()) {
      table.unlink(chain);
    }
  }

  /** {@return whether no snapshot reads before {@code version}, now or later} */
  boolean isPast(long version) {
    refresh();
    return horizon() >= version;
  }

  /** Takes a chain out with all its versions. */
  void purge(Chain<V> chain) {
    if (!chain.isDead()) {
      retireAll(chain);
      table.unlink(chain);
    }
  }

  /** Retires all versions of a chain that nobody will read again. */
  void retireAll(Chain<V> chain) {
    for (Version<V> version = chain.head(); version != null; version = version.older()) {
      retire(version);
    }
  }

  private void collectFirst(long horizon) {
    Chain<V> chain = overwritten.removeFirst();
    chain.setQueued(false);
    collect(chain, horizon);
  }

  private void collect(Chain<V> chain, long horizon) {
    if (chain.isDead()) {
      return;
    }
    prune(chain);
    Version<V> head = chain.head();
    if (head == null) {
      purgeIfEmpty(chain);
    } else if (head.older() != null) {
      enqueue(chain);
    } else if (head.isTombstone()) {
      purgeTombstone(chain, head, horizon);
    }
  }

  private void purgeTombstone(Chain<V> chain, Version<V> head, long horizon) {
    if (head.version <= horizon) {
      retire(head);
      table.unlink(chain);
    } else {
      enqueue(chain);
    }
  }

  private void prune(Chain<V> chain) {
    int kept = 0;
    @Nullable Version<V> version = chain.head();
    while (version != null && version.version > reach) {
      kept++;
      version = version.older();
    }
    if (version != null) {
      kept += 1 + pruneBelow(version);
    }
    chain.setDepth(kept);
  }

  /** Unlinks what nobody sees below a version that stays; {@return how many versions it left} */
  private int pruneBelow(Version<V> newest) {
    int kept = 0;
    Version<V> newer = newest;
    @Nullable Version<V> version = newest.older();
    while (version != null) {
      if (isSeen(version.version, newer.version)) {
        newer = version;
        kept++;
      } else {
        newer.setOlder(version.older());
        retire(version);
      }
      version = version.older();
    }
    return kept;
  }

  /** {@return whether a snapshot reads at {@code from} or above and below {@code to}} */
  private boolean isSeen(long from, long to) {
    int found = Arrays.binarySearch(snapshots, from);
    int first = found >= 0 ? found : -found - 1;
    return first < snapshots.length && snapshots[first] < to;
  }

  private void retire(Version<V> version) {
    liveVersions--;
    if (reportsRetired && !version.isTombstone()) {
      retired.add(version);
    }
  }

  /** Notes a staged version that was not installed. */
  void retireStaged(Version<V> version) {
    if (reportsRetired) {
      retired.add(version);
    }
  }

  private long horizon() {
    return snapshots.length == 0 ? reach : Math.min(reach, snapshots[0]);
  }

  /** The order is the protocol of {@link ActiveSnapshots}: newest version, fence, slots. */
  private void refresh() {
    refreshedAt = dependencies.published().version();
    boundary = Math.max(boundary, refreshedAt - retention);
    VarHandle.fullFence();
    ActiveSnapshots.Claims claims = active.claims();
    snapshots = claims.versions();
    committing = claims.committing();
    reach = Math.max(reach, Math.min(boundary, claims.opening()));
    commitsSinceRefresh = 0;
  }
}
