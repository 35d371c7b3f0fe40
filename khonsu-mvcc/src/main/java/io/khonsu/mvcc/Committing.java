package io.khonsu.mvcc;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One request on its way through the commit section; see {@link TxnBuffer} for the steps. */
final class Committing<V> {
  /** After so many merges that came too late, the next is made inside the section. */
  private static final int MERGES_OUTSIDE = 3;

  /** So many commits are searched inside the section; more are searched outside before. */
  private static final int SEARCHED_INSIDE = 32;

  private final TxnBuffer<V> buffer;
  private final Certifier<V> certifier;
  private final CommitRecord<V> compared;

  /** Null if nothing is merged. */
  private final @Nullable Merging<V> merging;

  /** What is read, if a later commit may ask for it. */
  private final @Nullable Footprint footprint;

  /** What is appended if nothing has to be settled: made outside the section. */
  private @Nullable CommitRecord<V> prepared;

  /** Set while the writes are certified, for what is not simply installed. */
  private Outcome @Nullable [] outcomes;

  private List<Conflict> resolved = List.of();

  private enum Outcome {
    INSTALL,
    DROP,
    WAIT
  }

  /**
   * Takes a request over from its preview.
   *
   * @param compared the last commit that ranges were compared with, or before
   */
  Committing(TxnBuffer<V> buffer, Certifier<V> certifier, CommitRecord<V> compared) {
    CommitRequest<V> request = certifier.request();
    this.buffer = buffer;
    this.certifier = certifier;
    this.compared = compared;
    WriteSet<V> writes = request.writes();
    this.merging = hasMerges(writes) ? new Merging<>(buffer, writes) : null;
    boolean mayBeAsked =
        buffer.options().certification() == Certification.SSN && request.level().validatesItems();
    this.footprint = mayBeAsked ? Footprint.of(request.reads()) : null;
  }

  CommitResult<V> run() {
    boolean done = false;
    try {
      link();
      prepared = prepare();
      for (int attempt = 0; ; attempt++) {
        CommitResult<V> result = attempt(attempt);
        if (result != null) {
          done = result instanceof CommitResult.Accepted;
          return result;
        }
      }
    } finally {
      if (!done) {
        leaveNothingBehind();
      }
      if (merging != null) {
        merging.discardUnused();
      }
    }
  }

  private @Nullable CommitResult<V> attempt(int attempt) {
    boolean here = attempt > MERGES_OUTSIDE; // at last, everything is done inside
    prepareMerges(attempt);
    if (attempt > 0) {
      certifier.searchPublished(buffer);
    }
    buffer.section().enter(certifier.request().transactionId());
    try {
      certify();
      if (!certifyPlace(here ? Integer.MAX_VALUE : SEARCHED_INSIDE)) {
        return null;
      }
      if (!certifier.conflicts().isEmpty()) {
        return new CommitResult.Aborted<>(certifier.conflicts());
      }
      if (outcomes != null && Arrays.asList(outcomes).contains(Outcome.WAIT)) {
        return new CommitResult.Blocked<>(newestPending());
      }
      if (!placeMerges(here)) {
        return null;
      }
      if (footprint != null && installedCount() == 0 && !buffer.safeSnapshots().place()) {
        return new CommitResult.Blocked<>(buffer.dependencies().tailVersion());
      }
      return new CommitResult.Accepted<>(install(), resolved);
    } finally {
      buffer.leave();
    }
  }

  /** Finds or makes the chain of every write; a deletion makes none. */
  private void link() {
    for (int i = 0; i < writes().size(); i++) {
      Version<V> staged = writes().version(i);
      if (staged.value() == null && !staged.isTombstone()) {
        throw new IllegalStateException("write " + i + " was not given its value");
      }
      link(i);
    }
  }

  private @Nullable Chain<V> link(int position) {
    Key key = writes().key(position);
    Chain<V> found = buffer.table().resolve(key);
    if (found == null && !writes().version(position).isTombstone()) {
      found = buffer.table().link(buffer.candidate(key));
    }
    if (found != null) {
      writes().setKey(position, found);
      found.touch();
    }
    return found;
  }

  /** {@return the chain of a write, or null for the deletion of an item that has none} */
  @SuppressWarnings("unchecked") // a chain of this buffer holds V
  private @Nullable Chain<V> chain(int position) {
    Key key = writes().key(position);
    return key instanceof Chain<?> chain && chain.isLinkedIn(buffer)
        ? (Chain<V>) chain
        : link(position); // purged since, or linked by another transaction
  }

  private void certify() {
    certifier.forget();
    resolved = List.of();
    outcomes = null;
    certifier.checkItems();
    certifier.checkRanges(compared, null, Long.MAX_VALUE);
    for (int i = 0; i < writes().size(); i++) {
      certifyWrite(i);
    }
  }

  /**
   * Refuses stale reads that the net does not let pass.
   *
   * @return false to leave the section and search outside: there are more commits than so many
   */
  private boolean certifyPlace(int searchedMost) {
    SerialSafetyNet<V> net = certifier.net();
    if (net == null || !net.mustSearch()) {
      return true;
    }
    if (!net.searchAll(searchedMost)) {
      return false;
    }
    certifier.addRefusal(buffer.safeSnapshots());
    return true;
  }

  private void certifyWrite(int position) {
    Chain<V> chain = chain(position);
    Version<V> head = chain == null ? null : chain.head();
    Conflict conflict = certifier.checkWrite(position, head);
    boolean deletes = writes().version(position).isTombstone();
    if (conflict == null && !deletes) {
      return;
    }
    boolean isAbsent = head == null || head.isTombstone();
    if (conflict == null) {
      if (isAbsent && (head == null || !isPending(head.version))) {
        note(position, Outcome.DROP); // nothing to delete, and no deletion that may be withdrawn
      }
    } else if (conflict.isFatal()) {
      certifier.add(conflict);
    } else {
      resolved = Conflict.plus(resolved, conflict);
      settle(position, conflict, isAbsent, deletes);
    }
  }

  private void settle(int position, Conflict conflict, boolean isAbsent, boolean deletes) {
    if (isPending(conflict.winnerVersion())) {
      note(position, Outcome.WAIT);
      return;
    }
    ConflictStrategy strategy = conflict.strategy();
    if (strategy == ConflictStrategy.IGNORE || (isAbsent && deletes)) {
      note(position, Outcome.DROP);
    }
  }

  /** {@return the newest unpublished commit that a write waits for} */
  private long newestPending() {
    long newest = 0;
    for (Conflict conflict : resolved) {
      newest =
          isPending(conflict.winnerVersion()) ? Math.max(newest, conflict.winnerVersion()) : newest;
    }
    return newest;
  }

  private boolean isPending(long version) {
    return version > buffer.newestVersion();
  }

  private void note(int position, Outcome outcome) {
    if (outcomes == null) {
      outcomes = new Outcome[writes().size()];
      Arrays.fill(outcomes, Outcome.INSTALL);
    }
    outcomes[position] = outcome;
  }

  /** Does outside what the section is not to be kept with; the first time, only what is cheap. */
  private void prepareMerges(int attempt) {
    for (int i = 0; merging != null && i < writes().size(); i++) {
      if (!writes().isMerge(i) || !isInstalled(i)) {
        continue;
      }
      Chain<V> chain = Invariants.present(chain(i), "a merged item has a chain");
      merging.shorten(chain);
      if (attempt > 0 && attempt <= MERGES_OUTSIDE) {
        merging.makeOutside(i, chain);
      }
    }
  }

  /** {@return whether every merge has its place; false to leave the section and merge outside} */
  private boolean placeMerges(boolean makesHere) {
    boolean all = true;
    for (int i = 0; merging != null && i < writes().size(); i++) {
      if (writes().isMerge(i) && !isInstalled(i)) {
        merging.drop(i);
      } else if (writes().isMerge(i)) {
        Chain<V> chain = Invariants.present(chain(i), "a merged item has a chain");
        all &= merging.place(i, chain, makesHere);
      }
    }
    return all;
  }

  private CommitRecord<V> install() {
    CommitRecord<V> ready = outcomes == null && isUpToDate(prepared) ? prepared : null;
    CommitRecord<V> record = ready == null ? assemble() : ready;
    DependencyTracker<V> dependencies = buffer.dependencies();
    if (record.size() == 0) {
      retireUnused();
      return dependencies.published().lastUpTo(dependencies.publishedVersion());
    }
    long previous = dependencies.tailVersion();
    long version = buffer.options().versions().next(previous);
    Invariants.check(version > previous, "the version source counts upwards");
    fillIn(record);
    supersedeHeads(record); // the last foreign code: from here on nothing throws
    record.stamp(version);
    leaveFootprint(record);
    // Before its versions can be met, so that who meets one outside the section finds its writer.
    dependencies.append(record);
    Lane<V> lane = buffer.collector().lane(certifier.request().snapshot());
    for (int i = 0; i < record.size(); i++) {
      Chain<V> chain = record.chain(i);
      boolean isFirst = chain.head() == null;
      chain.install(record.installed(i));
      buffer.collector().installed(lane, chain, !isFirst);
    }
    retireUnused();
    if (buffer.options().publication() == TxnBuffer.Publication.AT_COMMIT) {
      record.settle();
      dependencies.publish(record);
      buffer.collector().work(lane, record.size() + 1);
    }
    return record;
  }

  /** Puts merges that were made in the places of their operands. */
  private void fillIn(CommitRecord<V> record) {
    int at = 0;
    for (int i = 0; merging != null && i < writes().size(); i++) {
      if (isInstalled(i)) {
        record.replace(at++, writes().isMerge(i) ? merging.installed(i) : writes().version(i));
      }
    }
  }

  /** Lets later commits know what this one read, where they may come to ask. */
  private void leaveFootprint(CommitRecord<V> record) {
    if (footprint == null) {
      return; // nobody will ask
    }
    Footprint whole = footprint;
    if (outcomes != null && record.size() < writes().size()) {
      // What is left as it is was looked at now: who changes it comes later.
      whole = whole.plus(notInstalled());
    }
    SerialSafetyNet<V> net = certifier.net();
    record.leave(net == null ? whole : whole.placed(net.place()));
  }

  private List<Key> notInstalled() {
    List<Key> keys = new ArrayList<>();
    for (int i = 0; i < writes().size(); i++) {
      if (!isInstalled(i)) {
        keys.add(writes().key(i));
      }
    }
    return keys;
  }

  /**
   * {@return the record of a request whose every write is installed, or null} It takes over the
   * arrays of the write set, unless merges will be put in the places of some versions.
   */
  private @Nullable CommitRecord<V> prepare() {
    for (int i = 0; i < writes().size(); i++) {
      if (chain(i) == null) {
        return null;
      }
    }
    Version<V>[] staged = merging == null ? writes().staged() : writes().staged().clone();
    return new CommitRecord<>(
        certifier.request().transactionId(), writes().keys(), staged, writes().size());
  }

  /** {@return whether no chain was purged since} */
  @SuppressWarnings("ReferenceEquality") // these very chains
  private boolean isUpToDate(@Nullable CommitRecord<V> record) {
    for (int i = 0; record != null && i < writes().size(); i++) {
      if (record.chain(i) != chain(i)) {
        return false;
      }
    }
    return record != null;
  }

  private CommitRecord<V> assemble() {
    int count = installedCount();
    Key[] chains = new Key[count];
    Version<V>[] installed = newVersions(count);
    int at = 0;
    for (int i = 0; i < writes().size(); i++) {
      if (isInstalled(i)) {
        chains[at] = Invariants.present(chain(i), "an installed item has a chain");
        installed[at++] = writes().version(i);
      }
    }
    return new CommitRecord<>(certifier.request().transactionId(), chains, installed, count);
  }

  /** Tells the owners; if one of them throws, the others are told that it did not happen. */
  private void supersedeHeads(CommitRecord<V> record) {
    if (!buffer.options().reportsLifecycle()) {
      return;
    }
    ValueLifecycle<V> lifecycle = buffer.options().lifecycle();
    int told = 0;
    try {
      for (; told < record.size(); told++) {
        Version<V> head = record.chain(told).head();
        if (head != null && Collector.hasValue(head)) {
          lifecycle.superseded(head.requireValue(), head.index());
        }
      }
    } finally {
      for (int i = told < record.size() ? told - 1 : -1; i >= 0; i--) {
        Version<V> head = record.chain(i).head();
        if (head != null && Collector.hasValue(head)) {
          lifecycle.reinstated(head.requireValue(), head.index());
        }
      }
    }
  }

  private boolean isInstalled(int position) {
    return outcomes == null || outcomes[position] != Outcome.DROP;
  }

  private int installedCount() {
    int count = 0;
    for (int i = 0; i < writes().size(); i++) {
      count += isInstalled(i) ? 1 : 0;
    }
    return count;
  }

  /** Staged versions that were dropped or merged into another value belong to nobody any more. */
  private void retireUnused() {
    for (int i = 0; i < writes().size(); i++) {
      boolean isSpent = merging != null && writes().isMerge(i) && merging.isSpent(i);
      if (isSpent || !isInstalled(i)) {
        retireLater(writes().version(i));
      }
    }
    if (merging != null) {
      merging.taken();
    }
  }

  private void retireLater(Version<V> staged) {
    if (!staged.isTombstone()) {
      buffer.collector().retireStaged(staged);
    }
  }

  /** Takes out chains that were made for this request alone. */
  private void leaveNothingBehind() {
    buffer.section().enterForUpkeep();
    try {
      for (int i = 0; i < writes().size(); i++) {
        Chain<V> chain = buffer.table().resolve(writes().key(i));
        if (chain != null) {
          buffer.collector().purgeIfEmpty(chain);
        }
      }
    } finally {
      buffer.leave();
    }
  }

  private WriteSet<V> writes() {
    return certifier.request().writes();
  }

  private static boolean hasMerges(WriteSet<?> writes) {
    boolean any = false;
    for (int i = 0; i < writes.size() && !any; i++) {
      any = writes.isMerge(i);
    }
    return any;
  }

  @SuppressWarnings({"unchecked", "rawtypes"}) // arrays of a generic type
  static <V> Version<V>[] newVersions(int length) {
    return new Version[length];
  }
}
