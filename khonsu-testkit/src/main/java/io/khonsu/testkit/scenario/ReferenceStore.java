package io.khonsu.testkit.scenario;

import io.khonsu.testkit.Level;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The reference models as a store: a single-threaded interpreter of the levels that keeps every
 * committed state since the last moment without an open transaction.
 *
 * <p>It is the yardstick of the suite and no example to follow: it copies the state at every
 * commit. Not thread-safe.
 */
public final class ReferenceStore implements ScenarioStore {

  /** Which commits are refused. */
  public enum Rule {
    /**
     * Exactly those that the level cannot explain: {@code READ_COMMITTED} refuses none, {@code
     * SNAPSHOT} the second writer, {@code REPEATABLE_READ} also a writer that read a stale item,
     * {@code SERIALIZABLE} the second writer and whatever no serial order explains.
     */
    WEAKEST,
    /**
     * Those of optimistic certification: the second writer (not at {@code SERIALIZABLE}, where
     * blind writes never conflict), stale items from {@code REPEATABLE_READ} up, stale predicates
     * at {@code SERIALIZABLE}.
     */
    OPTIMISTIC
  }

  /** With more transactions than this, only the orders in real time are tried. */
  private static final int ALL_ORDERS_MAX = 9;

  private final Rule rule;
  private CommitLog commits = new CommitLog(new TreeMap<>());
  private final List<TransactionTrace> committed = new ArrayList<>();
  private int openCount;
  private int clock;

  /** Creates an empty store. */
  public ReferenceStore(Rule rule) {
    this.rule = rule;
  }

  @Override
  public ScenarioTransaction begin(BeginOptions options) {
    if (openCount == 0) {
      commits = new CommitLog(commits.state(commits.count()));
      committed.clear();
    }
    openCount++;
    return new ReferenceTransaction(options);
  }

  @Override
  public SortedMap<String, Long> state() {
    return new TreeMap<>(commits.state(commits.count()));
  }

  @Override
  public boolean supports(BeginOptions.Strategy strategy) {
    return strategy == BeginOptions.Strategy.FAIL || rule == Rule.OPTIMISTIC;
  }

  @Override
  public void close() {}

  private Optional<String> refusal(TransactionTrace trace) {
    if (rule == Rule.OPTIMISTIC) {
      return Certification.refusal(
          trace.options(), trace.events(), commits, trace.begunAfter(), trace.endedAfter());
    }
    Optional<String> overwritten =
        trace.options().level() == Level.SERIALIZABLE
            ? Certification.overwritten(
                trace.events(), commits, trace.begunAfter(), trace.endedAfter())
            : Optional.empty();
    SerialOrders.Orders orders =
        committed.size() < ALL_ORDERS_MAX ? SerialOrders.Orders.ALL : SerialOrders.Orders.REAL_TIME;
    return overwritten.or(() -> Certification.weakestRefusal(trace, commits, committed, orders));
  }

  private final class ReferenceTransaction implements ScenarioTransaction {
    private final BeginOptions options;
    private final int begunAfter = commits.count();
    private final int beganAt = clock++;
    private final List<Event> events = new ArrayList<>();

    ReferenceTransaction(BeginOptions options) {
      this.options = options;
    }

    @Override
    public OptionalLong read(String key) {
      Long value = see(new Event.Target.Item(key)).get(key);
      return value == null ? OptionalLong.empty() : OptionalLong.of(value);
    }

    @Override
    public SortedMap<String, Long> scan(ScenarioPredicate predicate) {
      return see(new Event.Target.Rows(predicate));
    }

    @Override
    public void write(String key, long value) {
      events.add(new Event.Wrote(key, OptionalLong.of(value)));
    }

    @Override
    public void delete(String key) {
      events.add(new Event.Wrote(key, OptionalLong.empty()));
    }

    @Override
    public CommitOutcome commit() {
      openCount--;
      TransactionTrace trace =
          new TransactionTrace(
              "", options, begunAfter, beganAt, commits.count(), clock++, events, null);
      Optional<String> refusal = refusal(trace);
      if (refusal.isPresent()) {
        return new CommitOutcome.Refused(refusal.get(), true);
      }
      committed.add(trace);
      commits.append(trace.writes());
      return new CommitOutcome.Committed();
    }

    @Override
    public void abort() {
      openCount--;
    }

    private SortedMap<String, Long> see(Event.Target target) {
      boolean newest = options.level() == Level.READ_COMMITTED;
      SortedMap<String, Long> visible =
          new TreeMap<>(commits.state(newest ? commits.count() : begunAfter));
      Event.writes(events).forEach((key, value) -> Event.apply(visible, key, value));
      SortedMap<String, Long> seen = target.in(visible);
      events.add(new Event.Saw(target, seen, commits.count()));
      return seen;
    }
  }
}
