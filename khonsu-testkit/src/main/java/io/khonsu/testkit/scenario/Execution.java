package io.khonsu.testkit.scenario;

import java.util.List;
import java.util.SortedMap;

/**
 * What happened when a store executed the steps of a script.
 *
 * @param start the committed rows before the first step
 * @param traces the transactions in the order of their begins
 * @param committed those that committed, in that order
 * @param seen the rows that each read saw, in the order of the steps
 * @param end the committed rows after the last step
 * @param deviations where a read differs from what the script expects; refusals are not listed
 * @param log the steps with their results, for failure messages
 */
record Execution(
    SortedMap<String, Long> start,
    List<TransactionTrace> traces,
    List<TransactionTrace> committed,
    List<SortedMap<String, Long>> seen,
    SortedMap<String, Long> end,
    List<String> deviations,
    List<String> log) {

  /** {@return the names of the transactions whose commit was refused} */
  List<String> refused() {
    return traces.stream().filter(TransactionTrace::refused).map(TransactionTrace::name).toList();
  }

  /** {@return the commit log that the acknowledged commits should have produced} */
  CommitLog commitLog() {
    CommitLog commits = new CommitLog(start);
    committed.forEach(trace -> commits.append(trace.writes()));
    return commits;
  }
}
