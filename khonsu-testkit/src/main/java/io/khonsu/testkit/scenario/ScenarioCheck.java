package io.khonsu.testkit.scenario;

import io.khonsu.testkit.Level;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * Runs scripts on a store and judges the result, without a test framework.
 *
 * <p>An anomaly is judged by its verdict. A scenario is judged by what must hold for any store: the
 * level explains what committed, every refusal can be retried, and none is beyond what optimistic
 * certification would refuse. Who is refused does not matter. A refusal that the weakest rule of
 * the level would not make is a false abort: allowed, but counted.
 */
public final class ScenarioCheck {
  private static final int PROBLEMS_MAX = 5;

  private final Level level;
  private final List<String> problems = new ArrayList<>();
  private int executions;
  private int refusals;
  private int falseAborts;

  private ScenarioCheck(Level level) {
    this.level = level;
  }

  /**
   * What became of a scenario or a family of interleavings.
   *
   * @param executions how many orders of steps were executed
   * @param refusals how many commits were refused in all
   * @param falseAborts how many of those the weakest rule of the level would have let through
   * @param problems what is wrong, at most a few; empty if the store passes
   */
  public record Result(int executions, int refusals, int falseAborts, List<String> problems) {
    public Result {
      problems = List.copyOf(problems);
    }
  }

  /** {@return what is wrong with the store's verdict on an anomaly; empty if it is as written} */
  public static List<String> anomaly(Script script, ScenarioStore store, Level level) {
    Execution execution = ScriptRunner.run(store, level, script.start(), script.steps());
    Script.Verdict verdict = Objects.requireNonNull(script.verdicts().get(level));
    boolean completed =
        execution.refused().isEmpty()
            && execution.deviations().isEmpty()
            && (script.finalStates().isEmpty() || script.finalStates().contains(execution.end()));
    boolean isSerial =
        level == Level.SERIALIZABLE
            && !store.ordersByCommit()
            && Explanation.violations(execution, level).isEmpty();
    List<String> problems = new ArrayList<>();
    boolean asWritten =
        switch (verdict.ruling()) {
          case ALLOWED -> completed;
          case PREVENTED -> !completed || isSerial;
          case EITHER -> true;
        };
    if (!asWritten) {
      problems.add(
          script.name()
              + " should be "
              + verdict.ruling()
              + " at "
              + level
              + " ("
              + verdict.reason()
              + "), but "
              + (completed ? "completed as written" : "did not complete as written")
              + describe(execution));
    }
    if (script.alwaysFails()) {
      ScenarioCheck check = new ScenarioCheck(level);
      check.judge(execution);
      problems.addAll(check.problems);
    }
    return problems;
  }

  /** {@return how the store fares with a scenario as written} */
  public static Result scenario(Script script, ScenarioStore store, Level level) {
    ScenarioCheck check = new ScenarioCheck(level);
    check.judge(ScriptRunner.run(store, level, script.start(), script.steps()));
    return check.result();
  }

  /** {@return how the store fares with every interleaving of a scenario's steps} */
  public static Result family(Script script, ScenarioStore store, Level level) {
    ScenarioCheck check = new ScenarioCheck(level);
    Interleavings.forEach(
        script.steps(),
        steps -> {
          if (check.problems.size() < PROBLEMS_MAX) {
            check.judge(ScriptRunner.run(store, level, script.start(), steps));
          }
        });
    return check.result();
  }

  private Result result() {
    return new Result(executions, refusals, falseAborts, problems);
  }

  private void judge(Execution execution) {
    executions++;
    for (String violation : Explanation.violations(execution, level)) {
      problems.add(level + " does not explain: " + violation + describe(execution));
    }
    CommitLog commits = execution.commitLog();
    for (TransactionTrace trace : execution.traces()) {
      if (trace.outcome() instanceof CommitOutcome.Refused(String reason, boolean retryable)) {
        refusals++;
        if (!retryable) {
          problems.add(trace.name() + " was refused for good: " + reason + describe(execution));
        }
        judgeRefusal(trace, commits, execution);
      }
    }
  }

  private void judgeRefusal(TransactionTrace trace, CommitLog commits, Execution execution) {
    int end = trace.endedAfter();
    List<TransactionTrace> before = execution.committed().subList(0, end);
    if (Certification.weakestRefusal(trace, commits, before, SerialOrders.Orders.REAL_TIME)
        .isEmpty()) {
      falseAborts++;
    }
    boolean certified =
        Certification.refusal(trace.options(), trace.events(), commits, trace.begunAfter(), end)
            .isEmpty();
    boolean scannedItemIsStale =
        level == Level.REPEATABLE_READ
            && trace.options().access() == BeginOptions.Access.READ_WRITE
            && Certification.staleScannedItem(trace.events(), commits, trace.begunAfter(), end);
    if (certified && !scannedItemIsStale) {
      problems.add(trace.name() + " was refused without a conflict" + describe(execution));
    }
  }

  private static String describe(Execution execution) {
    return "\n    start "
        + execution.start()
        + "\n    "
        + String.join("\n    ", execution.log())
        + "\n    end "
        + execution.end();
  }
}
