package io.khonsu.testkit.history;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The result of checking a history.
 *
 * @param transactions how many transactions were checked
 * @param anomalies what was found, the worst first and at most a few of each kind
 */
public record HistoryReport(int transactions, List<Anomaly> anomalies) {

  public HistoryReport {
    anomalies = List.copyOf(anomalies);
  }

  /** {@return whether the history has nothing that {@code level} forbids} */
  public boolean valid(Consistency level) {
    return forbidden(level).isEmpty();
  }

  /** {@return the anomalies that {@code level} forbids} */
  public List<Anomaly> forbidden(Consistency level) {
    return anomalies.stream()
        .filter(anomaly -> anomaly.kind().forbiddenFrom().compareTo(level) <= 0)
        .toList();
  }

  /** {@return the kinds of anomalies found} */
  public Set<Anomaly.Kind> kinds() {
    return anomalies.stream()
        .map(Anomaly::kind)
        .collect(Collectors.toCollection(() -> EnumSet.noneOf(Anomaly.Kind.class)));
  }

  /** {@return the verdicts and the anomalies, for people} */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    text.append(transactions).append(" transactions\n");
    for (Consistency level : Consistency.values()) {
      text.append(level).append(": ").append(valid(level) ? "valid" : "INVALID").append('\n');
    }
    anomalies.forEach(anomaly -> text.append(anomaly).append('\n'));
    return text.toString();
  }
}
