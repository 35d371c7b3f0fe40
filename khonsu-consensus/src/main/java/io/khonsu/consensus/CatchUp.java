package io.khonsu.consensus;

import io.khonsu.consensus.Event.SnapshotInstalled;
import io.khonsu.consensus.Message.Announce;
import io.khonsu.consensus.Message.DecidedPage;
import io.khonsu.consensus.Message.PullDecided;
import io.khonsu.consensus.deviation.Deviation;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Brings a replica into a later configuration: gathers what was decided before that one began, from
 * several replicas in parallel, or a snapshot from one and the rest from all.
 *
 * <p>A replica that votes in nothing appends as it receives. One that still votes in an older
 * configuration keeps its log as it is, because that may be what proves how the older one ended,
 * and replaces it only together with entering the new one, in one write.
 */
final class CatchUp {
  private static final int PULL_ENTRIES = 4096;
  private static final int STALLS_MAX = 3;

  private final Core core;
  private final Ledger ledger;
  private final Election election;

  private @Nullable Configuration target;
  private long targetStart;
  private List<Member> seeds = List.of();
  private final List<Source> sources = new ArrayList<>();

  /** Ranges that nobody was asked for, by their first index. */
  private final TreeMap<Long, Long> wanted = new TreeMap<>();

  /** Entries that arrived and are not yet in the log, by their first index. */
  private final TreeMap<Long, List<Entries>> pages = new TreeMap<>();

  private @Nullable SnapshotFetch fetch;
  private int stalls;

  /** The highest promise in the target of those who have sent anything. */
  private Ballot targetPromise = Ballot.NONE;

  /** A replica that is asked, for one range at a time. */
  private static final class Source {
    private final Member member;
    private long from;
    private long to;

    /** Whether it had nothing to give; it is asked again after a while. */
    private boolean empty;

    private Source(Member member) {
      this.member = member;
    }

    private boolean isAsked() {
      return from < to;
    }

    private void done() {
      from = 0;
      to = 0;
    }
  }

  CatchUp(Core core, Election election) {
    this.core = core;
    this.ledger = core.ledger();
    this.election = election;
  }

  void join(List<Member> newSeeds) {
    seeds = newSeeds;
    askSeeds();
  }

  /** Begins in the configuration in force; forgets what was only needed to get there. */
  void begin() {
    Configuration wantedConfiguration = target;
    if (wantedConfiguration != null && wantedConfiguration.id() <= core.configurationId()) {
      target = null;
      sources.clear();
      wanted.clear();
      pages.clear();
      fetch = null;
    }
  }

  @Nullable Configuration target() {
    return target;
  }

  long targetStart() {
    return targetStart;
  }

  void onAnnounce(Member from, Announce message) {
    addSource(from);
    message.sources().forEach(this::addSource);
    aim(message.configuration(), message.startIndex());
    ask();
  }

  private void aim(Configuration configuration, long start) {
    Configuration current = target;
    long known = Math.max(ledger.decidedIndex(), current == null ? 0 : targetStart);
    if (current == null || configuration.id() > current.id()) {
      target = configuration;
      targetStart = start;
      targetPromise = Ballot.initial(configuration.id());
      if (start > known) {
        wanted.put(known, start);
      }
    }
  }

  private void addSource(Member member) {
    boolean known = sources.stream().anyMatch(source -> source.member.equals(member));
    if (!known && !member.equals(core.self())) {
      sources.add(new Source(member));
    }
  }

  void onPage(Member from, DecidedPage page) {
    Configuration theirs = page.configuration();
    if (theirs != null && theirs.id() > core.configurationId()) {
      addSource(from);
      aim(theirs, page.configurationStart());
    }
    Ballot promise = page.promise();
    if (promise.configuration() == targetPromise.configuration()
        && promise.isAbove(targetPromise)) {
      targetPromise = promise;
    }
    for (Source source : sources) {
      if (source.member.equals(from) && source.isAsked() && source.from == page.from()) {
        take(source, page);
      }
    }
    appendWhatFollows();
    ask();
  }

  private void take(Source source, DecidedPage page) {
    long end = Math.min(source.to, page.from() + Runs.count(page.entries()));
    if (end > page.from()) {
      pages.put(page.from(), page.entries());
    }
    if (end < source.to) {
      wanted.put(end, source.to);
    }
    boolean nothing = end == page.from();
    if (nothing && page.from() < page.compactedIndex()) {
      fetchSnapshot(source.member, page.snapshotIndex());
    }
    source.empty = nothing;
    source.done();
  }

  private void fetchSnapshot(Member from, long index) {
    // A snapshot that is here may be too old by now: what follows it is compacted everywhere.
    boolean free = fetch == null || fetch.isComplete();
    if (free && index > reach()) {
      fetch = new SnapshotFetch(core, from, SnapshotId.complete(index));
      stalls = 0;
      fetch.request();
    }
  }

  void onChunk(Member from, Message.SnapshotChunk chunk) {
    SnapshotFetch running = fetch;
    if (running != null && running.onChunk(from, chunk)) {
      stalls = 0;
    }
  }

  void onSnapshotArrived() {
    SnapshotFetch running = fetch;
    if (running != null && running.isComplete()) {
      appendWhatFollows();
      ask();
    }
  }

  /** Others are asked first, and the source of a bad one after a while. */
  void onSnapshotRefused(Member from) {
    SnapshotFetch running = fetch;
    if (running == null || !running.isSuperseded()) {
      return;
    }
    giveUpFetch();
    for (Source source : List.copyOf(sources)) {
      if (source.member.equals(from)) {
        source.empty = true;
        sources.remove(source);
        sources.add(source);
      }
    }
    ask();
  }

  void onSnapshotGone(Member from, Message.SnapshotGone message) {
    SnapshotFetch running = fetch;
    if (running != null && !running.isComplete() && running.isFrom(from, message.snapshot())) {
      giveUpFetch();
    }
  }

  /** Whatever the snapshot would have stood for is wanted again, from anybody. */
  private void giveUpFetch() {
    fetch = null;
    sources.forEach(Source::done);
    wanted.clear();
    if (ledger.decidedIndex() < targetStart) {
      wanted.put(ledger.decidedIndex(), targetStart);
    }
  }

  /** A replica without a vote appends what has arrived without a gap. */
  private void appendWhatFollows() {
    if (core.role() == Role.PASSIVE) {
      apply();
    }
  }

  /** Puts what is here without a gap into the log, which may be part of entering the target. */
  void apply() {
    install();
    long end = reach();
    if (end > ledger.decidedIndex()) {
      append(end);
    }
  }

  /**
   * {@return what to promise in the target, when it is entered} If a snapshot brought something of
   * the target itself, it was decided in no higher ballot than this, and must not go on with the
   * log of a lower one.
   */
  Ballot promise() {
    boolean isInside = ledger.decidedIndex() > targetStart;
    return isInside && !core.deviates(Deviation.FETCH_WITHOUT_PROMISE)
        ? targetPromise
        : Ballot.initial(targetPromise.configuration());
  }

  private void install() {
    SnapshotFetch done = fetch;
    if (done == null || !done.isComplete()) {
      return;
    }
    fetch = null;
    if (done.snapshot().index() > ledger.decidedIndex()) {
      ledger.install(done.snapshot());
      core.event(new SnapshotInstalled(done.snapshot()));
    }
  }

  private void append(long end) {
    long next = ledger.decidedIndex();
    List<Entries> runs = new ArrayList<>();
    for (Map.Entry<Long, List<Entries>> page : pages.headMap(end).entrySet()) {
      long pageEnd = page.getKey() + Runs.count(page.getValue());
      if (pageEnd > next) {
        runs.addAll(Runs.skip(page.getValue(), next - page.getKey()));
        next = pageEnd;
      }
    }
    pages.headMap(end).clear();
    ledger.overwrite(ledger.decidedIndex(), runs);
    ledger.decide(next);
  }

  /** {@return how much is here without a gap, in the log or gathered} */
  private long reach() {
    long reach = ledger.decidedIndex();
    SnapshotFetch done = fetch;
    if (done != null && done.isComplete()) {
      reach = Math.max(reach, done.snapshot().index());
    }
    for (Map.Entry<Long, List<Entries>> page : pages.entrySet()) {
      if (page.getKey() > reach) {
        break;
      }
      reach = Math.max(reach, page.getKey() + Runs.count(page.getValue()));
    }
    return reach;
  }

  /** {@return whether everything is here that the target needs} */
  boolean isReady() {
    return target != null && (reach() >= targetStart || core.deviates(Deviation.JOIN_WITHOUT_LOG));
  }

  // Asking.

  /** Sends again what may be lost, to others. */
  void resend() {
    boolean isLost = core.configurationId() == 0 || !election.isHappy();
    if (target == null) {
      if (isLost) {
        askSeeds();
      }
      return;
    }
    for (Source source : sources) {
      source.empty = false;
      if (source.isAsked()) {
        wanted.put(source.from, source.to);
        source.done();
      }
    }
    if (!sources.isEmpty()) {
      sources.add(sources.removeFirst());
    }
    retryFetch();
    ask();
  }

  private void retryFetch() {
    SnapshotFetch running = fetch;
    if (running == null || running.isComplete()) {
      return; // A complete one waits for the entries behind it.
    }
    if (running.isSuperseded() || ++stalls > STALLS_MAX) {
      giveUpFetch();
    } else {
      running.request();
    }
  }

  private void ask() {
    long reach = reach();
    SnapshotFetch running = fetch;
    if (running != null) {
      reach = Math.max(reach, running.snapshot().index());
    }
    for (Source source : sources) {
      long from = nextWanted(reach);
      if (from < 0) {
        return;
      }
      if (!source.isAsked() && !source.empty) {
        long to = Invariants.present(wanted.remove(from), "the range is wanted");
        source.from = from;
        source.to = Math.min(to, from + PULL_ENTRIES);
        if (source.to < to) {
          wanted.put(source.to, to);
        }
        core.send(source.member, new PullDecided(source.from, source.to));
      }
    }
  }

  /** {@return the first index to ask for, at or above {@code reach}; negative if there is none} */
  private long nextWanted(long reach) {
    while (!wanted.isEmpty()) {
      Map.Entry<Long, Long> first = wanted.firstEntry();
      if (first.getKey() >= reach) {
        return first.getKey();
      }
      wanted.pollFirstEntry();
      if (first.getValue() > reach) {
        wanted.put(reach, first.getValue());
      }
    }
    return -1;
  }

  /** Who is in a later configuration answers by announcing it. */
  private void askSeeds() {
    for (Member seed : seeds) {
      core.sendArrived(seed);
    }
  }
}
