package io.khonsu.testkit.scenario;

import io.khonsu.testkit.Level;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Executes the steps of one script on a store. Steps of a transaction that has ended are skipped:
 * after a refusal its script goes on without it.
 */
final class ScriptRunner {

  /** One transaction of the script, while it runs. */
  private static final class Running {
    final Step.Begin begin;
    final BeginOptions options;
    final ScenarioTransaction transaction;
    final int begunAfter;
    final int beganAt;
    final List<Event> events = new ArrayList<>();
    final Map<String, Long> lastRead = new TreeMap<>();
    SortedMap<String, Long> lastScan = Collections.emptySortedMap();
    boolean ended;
    int endedAfter;
    int endedAt;
    @Nullable CommitOutcome outcome;

    Running(Step.Begin begin, BeginOptions options, ScenarioTransaction transaction, int[] at) {
      this.begin = begin;
      this.options = options;
      this.transaction = transaction;
      this.begunAfter = at[0];
      this.beganAt = at[1];
    }

    TransactionTrace trace() {
      return new TransactionTrace(
          begin.transaction(), options, begunAfter, beganAt, endedAfter, endedAt, events, outcome);
    }
  }

  private final ScenarioStore store;
  private final Level level;
  private final Map<String, Running> running = new LinkedHashMap<>();
  private final List<Running> committed = new ArrayList<>();
  private final List<SortedMap<String, Long>> seen = new ArrayList<>();
  private final List<String> deviations = new ArrayList<>();
  private final List<String> log = new ArrayList<>();
  private int index;

  private ScriptRunner(ScenarioStore store, Level level) {
    this.store = store;
    this.level = level;
  }

  /**
   * Makes {@code start} the state of the store, by one transaction, and executes {@code steps}.
   *
   * @throws IllegalStateException if the store refuses or loses the start state
   */
  static Execution run(
      ScenarioStore store, Level level, SortedMap<String, Long> start, List<Step> steps) {
    reset(store, level, start);
    ScriptRunner runner = new ScriptRunner(store, level);
    for (Step step : steps) {
      runner.step(step);
      runner.index++;
    }
    runner.abortWhatIsOpen();
    return new Execution(
        start,
        runner.running.values().stream().map(Running::trace).toList(),
        runner.committed.stream().map(Running::trace).toList(),
        runner.seen,
        store.state(),
        runner.deviations,
        runner.log);
  }

  private static void reset(ScenarioStore store, Level level, SortedMap<String, Long> start) {
    ScenarioTransaction transaction = store.begin(BeginOptions.readWrite(level));
    for (String key : transaction.scan(new ScenarioPredicate.All()).keySet()) {
      if (!start.containsKey(key)) {
        transaction.delete(key);
      }
    }
    start.forEach(transaction::write);
    CommitOutcome outcome = transaction.commit();
    if (outcome instanceof CommitOutcome.Refused(String reason, boolean _)) {
      throw new IllegalStateException("no other transaction is open, yet refused: " + reason);
    }
    if (!store.state().equals(start)) {
      throw new IllegalStateException("state is " + store.state() + " instead of " + start);
    }
  }

  private void step(Step step) {
    if (step instanceof Step.Begin begin) {
      BeginOptions options = begin.at(level);
      int[] at = {committed.size(), index};
      running.put(begin.transaction(), new Running(begin, options, store.begin(options), at));
      return;
    }
    Running on = running.get(step.transaction());
    if (on == null) {
      throw new IllegalArgumentException(step + " comes before the transaction's begin");
    }
    if (on.ended) {
      return;
    }
    switch (step) {
      case Step.Begin _ -> throw new IllegalStateException("begin is handled above");
      case Step.Read read -> {
        OptionalLong value = on.transaction.read(read.key());
        SortedMap<String, Long> row = new TreeMap<>();
        Event.apply(row, read.key(), value);
        on.lastRead.put(read.key(), value.orElse(0));
        saw(on, new Event.Target.Item(read.key()), row, read.expected());
      }
      case Step.Scan scan -> {
        SortedMap<String, Long> rows = new TreeMap<>(on.transaction.scan(scan.predicate()));
        on.lastRead.putAll(rows);
        on.lastScan = rows;
        saw(on, new Event.Target.Rows(scan.predicate()), rows, scan.expected());
      }
      case Step.Write write -> {
        String base = write.base();
        long value = write.operand() + (base == null ? 0 : on.lastRead.getOrDefault(base, 0L));
        on.transaction.write(write.key(), value);
        wrote(on, write.key(), OptionalLong.of(value));
      }
      case Step.Delete delete -> {
        if (delete.condition() == Step.Delete.Condition.ALWAYS
            || on.lastScan.containsKey(delete.key())) {
          on.transaction.delete(delete.key());
          wrote(on, delete.key(), OptionalLong.empty());
        }
      }
      case Step.Commit _ -> commit(on);
      case Step.Abort _ -> {
        on.transaction.abort();
        end(on);
        log.add(on.begin.transaction() + ": abort");
      }
    }
  }

  private void saw(
      Running on,
      Event.Target target,
      SortedMap<String, Long> rows,
      List<SortedMap<String, Long>> expected) {
    on.events.add(new Event.Saw(target, rows, committed.size()));
    seen.add(rows);
    String line = on.begin.transaction() + ": " + target + " saw " + rows;
    log.add(line);
    if (!expected.isEmpty() && !expected.contains(rows)) {
      deviations.add(line);
    }
  }

  private void wrote(Running on, String key, OptionalLong value) {
    on.events.add(new Event.Wrote(key, value));
    String verb = value.isPresent() ? "write " + key + " := " + value.getAsLong() : "delete " + key;
    log.add(on.begin.transaction() + ": " + verb);
  }

  private void commit(Running on) {
    CommitOutcome outcome = on.transaction.commit();
    on.outcome = outcome;
    end(on);
    if (outcome instanceof CommitOutcome.Committed) {
      committed.add(on);
    }
    String result =
        switch (outcome) {
          case CommitOutcome.Committed _ -> "";
          case CommitOutcome.Refused(String reason, boolean _) -> " refused: " + reason;
        };
    log.add(on.begin.transaction() + ": commit" + result);
  }

  private void end(Running on) {
    on.ended = true;
    on.endedAfter = committed.size();
    on.endedAt = index;
  }

  private void abortWhatIsOpen() {
    for (Running on : running.values()) {
      if (!on.ended) {
        on.transaction.abort();
        end(on);
      }
    }
  }
}
