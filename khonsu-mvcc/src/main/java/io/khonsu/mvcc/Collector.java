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
  private static final int LANES = 64;

  /** Chains to look at in one go: what there is to find out before is shared by so many. */
  private static final int WORK_IN_ONE_GO = 64;

  /** A lane that was not worked on for so many rounds is worked on by others. */
  private static final int ROUNDS_UNTIL_IDLE = 256;

  private final ActiveSnapshots active;
  private final DependencyTracker<V> dependencies;
  private final KeyTable<V> table;
  private final Prefetch<V> prefetch;
  private final Deltas<V> deltas;
  private final long retention;
  private final boolean reportsRetired;
  private final ValueLifecycle<V> lifecycle;
  private final boolean weighsHistory;
  private final History history;
  private final Followers<V> followers;
  private final Lane<V>[] lanes;
  private List<Version<V>> retired = new ArrayList<>();

  /** Chains that are kept long because what is newest in them was not worked out. */
  private List<Chain<V>> unsettled = new ArrayList<>();

  /**
   * Nothing at or above this version was unlinked because it is old, or never was here. Read by
   * {@code snapshotAt}.
   */
  private volatile long boundary;

  /** Up to here versions may be unlinked: the boundary, or less while a snapshot is opening. */
  private long reach;

  private long[] snapshots = {};

  /** The oldest snapshot that may commit: it may ask about the records after it. */
  private long committing = Long.MAX_VALUE;

  private long rounds;

  /** The lane to look at next whether it is idle. */
  private int suspect;

  private int duePublished;

  /** The newest published version at the last refresh. Once per version is often enough. */
  private long refreshedAt;

  @SuppressWarnings({"unchecked", "rawtypes"}) // arrays of a generic type
  Collector(
      ActiveSnapshots active,
      DependencyTracker<V> dependencies,
      KeyTable<V> table,
      Deltas<V> deltas,
      BufferOptions<V> options) {
    this.active = active;
    this.dependencies = dependencies;
    this.table = table;
    this.prefetch = new Prefetch<>(table, options.lifecycle());
    this.deltas = deltas;
    this.retention = options.retention();
    this.reportsRetired = options.reportsLifecycle();
    this.lifecycle = options.lifecycle();
    this.weighsHistory = options.retention() > 0 && options.retentionBytes() < Long.MAX_VALUE;
    this.history = new History(options.retentionBytes());
    this.followers = new Followers<>(options.backlogBytes());
    this.boundary = dependencies.publishedVersion();
    this.reach = boundary;
    this.lanes = new Lane[LANES];
    Arrays.setAll(lanes, _ -> new Lane<>());
  }

  /** {@return the oldest version that a snapshot can be opened at} */
  long boundary() {
    return boundary;
  }

  long liveVersions() {
    long total = 0;
    for (Lane<V> lane : lanes) {
      total += lane.liveVersions;
    }
    return total;
  }

  /** {@return the lane of a snapshot's owner} */
  Lane<V> lane(Snapshot<V> snapshot) {
    return lanes[snapshot.slot() & (LANES - 1)];
  }

  /** {@return a lane for what is no commit of a snapshot's owner} */
  Lane<V> anyLane() {
    return lanes[0];
  }

  /** Notes a version that was there before the first commit. */
  void loaded() {
    anyLane().liveVersions++;
  }

  /** Lets nobody begin to read before a version, which may be yet to come. Commit section only. */
  void beginAt(long version) {
    boundary = Math.max(boundary, version);
  }

  /** Notes that a chain has a new head; {@code older} is whether it had one before. */
  void installed(Lane<V> lane, Chain<V> chain, boolean older) {
    lane.liveVersions++;
    if (weighsHistory || !followers.isEmpty()) {
      weigh(chain);
    }
    if (!older) {
      return;
    }
    enqueue(lane, chain);
    if (chain.isDueForPruning()) {
      int depth = chain.depth();
      prune(lane, chain);
      if (chain.depth() > depth / 2 && dependencies.publishedVersion() > refreshedAt) {
        refresh();
        prune(lane, chain);
      }
    }
  }

  private void weigh(Chain<V> chain) {
    Version<V> head = Invariants.present(chain.head(), "an installed version is the head");
    Version<V> older = head.older();
    V overwritten = older == null ? null : older.value();
    long sizeBytes =
        History.VERSION_BYTES
            + (older == null || overwritten == null
                ? 0
                : lifecycle.sizeBytes(overwritten, older.index()));
    history.add(sizeBytes);
    followers.weigh(sizeBytes);
  }

  /** {@return who follows the commits} */
  Followers<V> followers() {
    return followers;
  }

  /**
   * Takes the versions of an unpublished commit out again; what they hid may be garbage by now.
   *
   * @return the versions with values that were made heads by it
   */
  @SuppressWarnings("ReferenceEquality") // these very versions
  List<Version<V>> withdraw(CommitRecord<V> record) {
    List<Version<V>> reinstated = new ArrayList<>();
    for (int i = 0; i < record.size(); i++) {
      Chain<V> chain = record.chain(i);
      Version<V> withdrawn = record.installed(i);
      Version<V> older = withdrawn.older();
      // Below a newer pending version, what is older remains superseded: by that one.
      if (chain.head() == withdrawn && hasValue(older)) {
        reinstated.add(older);
      }
      unsettleAbove(withdrawn, chain);
      chain.withdraw(withdrawn);
      retire(anyLane(), withdrawn);
      enqueue(anyLane(), chain);
      purgeIfEmpty(chain);
    }
    return reinstated;
  }

  /** Has what was merged with a version that never happened worked out again. */
  @SuppressWarnings("ReferenceEquality") // this very version
  private void unsettleAbove(Version<V> withdrawn, Chain<V> chain) {
    @Nullable Version<V> version = chain.head();
    while (version != null && version != withdrawn) {
      if (version instanceof Delta<V> delta) {
        retire(delta.ownResult());
        delta.setResult(null);
      }
      version = version.older();
    }
  }

  /** {@return whether this is a value that its owner is told of when it is superseded} */
  static boolean hasValue(@Nullable Version<?> version) {
    return version != null && !version.isTombstone() && !(version instanceof Delta);
  }

  private void enqueue(Lane<V> lane, Chain<V> chain) {
    if (!chain.isQueued()) {
      chain.setQueued(true);
      lane.add(chain, dependencies.tailVersion());
    }
  }

  /** Does the share of the work of a commit that was published at once, now or with later ones. */
  void work(Lane<V> lane, int share) {
    lane.due += share;
    if (lane.due >= WORK_IN_ONE_GO) {
      refresh();
      work(lane);
      helpOut(lane);
      trim();
    }
  }

  /** Does the share of commits that were published by whoever made them durable. */
  void workForAll(int share) {
    duePublished += share;
    if (duePublished >= WORK_IN_ONE_GO) {
      refresh();
      for (Lane<V> lane : lanes) {
        lane.due = duePublished;
        work(lane);
      }
      duePublished = 0;
      trim();
    }
  }

  private void work(Lane<V> lane) {
    collectUpTo(lane.due, lane, lane);
    lane.due = 0;
    lane.round = ++rounds;
  }

  /**
   * Collects from an idle lane, in every round until there is nothing left in it to collect. What
   * must be looked at again moves to the lane that helps, so that this comes to an end.
   */
  private void helpOut(Lane<V> helping) {
    Lane<V> idle = lanes[suspect];
    boolean isIdle = rounds - idle.round > ROUNDS_UNTIL_IDLE;
    if (isIdle) {
      collectUpTo(WORK_IN_ONE_GO, idle, helping);
    }
    if (!isIdle || idle.firstVersion() > horizon()) {
      suspect = (suspect + 1) & (LANES - 1);
    }
  }

  private void collectUpTo(int most, Lane<V> from, Lane<V> to) {
    long horizon = horizon();
    for (int i = 0; i < most && from.firstVersion() <= horizon; i++) {
      if (i % WORK_IN_ONE_GO == 0) { // no more than stay in the cache until they are looked at
        from.prefetch(Math.min(WORK_IN_ONE_GO, most - i), horizon, prefetch);
      }
      collectFirst(from, to, horizon);
    }
  }

  /** Does all the work there is. */
  void workAll() {
    refresh();
    long horizon = horizon();
    for (Lane<V> lane : lanes) {
      int waiting = lane.size();
      for (int i = 0; i < waiting; i++) {
        collectFirst(lane, lane, horizon);
      }
    }
    trim();
  }

  private void trim() {
    dependencies.trim(Math.min(reach, committing));
  }

  /** {@return how many commit records somebody may ask about} */
  long records() {
    return dependencies.countSince(Math.min(reach, committing));
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

  /** {@return the chains that could be shortened if someone worked out what is newest in them} */
  List<Chain<V>> takeUnsettled() {
    if (unsettled.isEmpty()) {
      return List.of();
    }
    List<Chain<V>> taken = unsettled;
    unsettled = new ArrayList<>();
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
      table.unlink(chain);
      deltas.awaitIdle(chain);
      retireAll(chain);
    }
  }

  /** Retires all versions of a chain that nobody will read again. */
  void retireAll(Chain<V> chain) {
    for (Version<V> version = chain.head(); version != null; version = version.older()) {
      retire(anyLane(), version);
    }
  }

  private void collectFirst(Lane<V> from, Lane<V> to, long horizon) {
    Chain<V> chain = from.removeFirst();
    chain.setQueued(false);
    collect(to, chain, horizon);
  }

  private void collect(Lane<V> lane, Chain<V> chain, long horizon) {
    if (chain.isDead()) {
      return;
    }
    prune(lane, chain);
    Version<V> head = chain.head();
    if (head == null) {
      purgeIfEmpty(chain);
    } else if (head.older() != null) {
      enqueue(lane, chain);
      if (!head.isSettled() && head.version <= horizon) {
        unsettled.add(chain);
      }
    } else if (head.isTombstone()) {
      purgeTombstone(lane, chain, head, horizon);
    }
  }

  private void purgeTombstone(Lane<V> lane, Chain<V> chain, Version<V> head, long horizon) {
    if (head.version <= horizon) {
      retire(lane, head);
      table.unlink(chain);
    } else {
      enqueue(lane, chain);
    }
  }

  private void prune(Lane<V> lane, Chain<V> chain) {
    Version<V> head = chain.head();
    int depth = chain.shallowDepth();
    boolean isLast = head != null && head.isSettled() && head.version <= horizon();
    if (head != null && isLast && depth > 0 && !reportsRetired) {
      // All but the head goes, and nobody is to be told: no need to look into what goes.
      head.setOlder(null);
      lane.liveVersions -= depth - 1;
      chain.setDepth(1);
    } else {
      pruneOneByOne(lane, chain);
    }
  }

  private void pruneOneByOne(Lane<V> lane, Chain<V> chain) {
    int kept = 0;
    @Nullable Version<V> version = chain.head();
    @Nullable Version<V> newer = null;
    while (version != null && version.version > reach) {
      kept++;
      newer = version;
      version = version.older();
    }
    if (version != null) {
      kept += 1 + pruneBelow(lane, chain, replaceSettled(chain, newer, version));
    }
    chain.setDepth(kept);
  }

  /**
   * Puts the result in the place of a delta that has one; {@return what stands there now} Nobody
   * was told when the delta was superseded, but will be if what hides the result is withdrawn.
   */
  private Version<V> replaceSettled(Chain<V> chain, @Nullable Version<V> newer, Version<V> old) {
    Version<V> result = old instanceof Delta<V> delta ? delta.result() : null;
    if (result == null) {
      return old;
    }
    retireOperand(old);
    if (newer == null) {
      chain.replaceHead(result);
    } else {
      if (reportsRetired) {
        lifecycle.superseded(result.requireValue(), result.index());
      }
      result.setOlder(old.older());
      newer.setOlder(result);
    }
    return result;
  }

  /** Unlinks what nobody sees below a version that stays; {@return how many versions it left} */
  private int pruneBelow(Lane<V> lane, Chain<V> chain, Version<V> newest) {
    int kept = 0;
    Version<V> newer = newest;
    @Nullable Version<V> version = newest.older();
    while (version != null) {
      if (!newer.isSettled() || isSeen(version.version, newer.version)) {
        version = replaceSettled(chain, newer, version);
        newer = version;
        kept++;
      } else {
        newer.setOlder(version.older());
        retire(lane, version);
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

  private void retire(Lane<V> lane, Version<V> version) {
    lane.liveVersions--;
    if (!version.isTombstone()) {
      retire(version);
    }
    if (version instanceof Delta<V> delta) {
      retire(delta.ownResult());
    }
  }

  /** Notes that the operand of a delta with a result is not needed any more; no other version's. */
  void retireOperand(@Nullable Version<V> version) {
    if (version instanceof Delta<V> delta && delta.ownResult() != null) {
      retire(delta);
    }
  }

  private void retire(@Nullable Version<V> version) {
    if (reportsRetired && version != null) {
      retired.add(version);
    }
  }

  /** Notes a staged version that was not installed. */
  void retireStaged(Version<V> version) {
    retire(version);
  }

  private long horizon() {
    return snapshots.length == 0 ? reach : Math.min(reach, snapshots[0]);
  }

  /** The order is the protocol of {@link ActiveSnapshots}: newest version, fence, slots. */
  private void refresh() {
    refreshedAt = dependencies.publishedVersion();
    boundary = Math.max(boundary, refreshedAt - retention);
    if (weighsHistory) {
      history.note(refreshedAt);
      boundary = Math.max(boundary, history.oldestWithin());
    }
    followers.upkeep(refreshedAt);
    VarHandle.fullFence();
    ActiveSnapshots.Claims claims = active.claims();
    snapshots = claims.versions();
    committing = claims.committing();
    // The boundary may be ahead of what is published, which can be read until it is.
    reach = Math.max(reach, Math.min(Math.min(boundary, refreshedAt), claims.opening()));
  }
}
