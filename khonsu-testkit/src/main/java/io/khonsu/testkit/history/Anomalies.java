package io.khonsu.testkit.history;

import io.khonsu.testkit.history.Anomaly.Kind;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** Collects the anomalies of one history, at most {@value #KEPT_MAX} of each kind. */
final class Anomalies {
  private static final int KEPT_MAX = 10;

  private final History history;
  private final Map<Kind, List<Anomaly>> found = new EnumMap<>(Kind.class);

  Anomalies(History history) {
    this.history = history;
  }

  boolean has(Kind kind) {
    return found.containsKey(kind);
  }

  /** Adds an anomaly; {@code explanation} does not repeat the transactions. */
  void add(Kind kind, String explanation, List<Integer> ids) {
    List<Anomaly> ofKind = found.computeIfAbsent(kind, _ -> new ArrayList<>());
    if (ofKind.size() >= KEPT_MAX) {
      return;
    }
    StringBuilder text = new StringBuilder(explanation);
    List<HistoryTransaction> transactions = new ArrayList<>();
    for (int id : ids) {
      HistoryTransaction transaction = history.transactions().get(id);
      transactions.add(transaction);
      text.append("\n    ").append(describe(transaction));
    }
    ofKind.add(new Anomaly(kind, text.toString(), transactions));
  }

  /** {@return all of them, those that the weakest levels forbid first} */
  List<Anomaly> all() {
    return found.values().stream().flatMap(List::stream).toList();
  }

  private static String describe(HistoryTransaction transaction) {
    StringBuilder text = new StringBuilder();
    text.append('T').append(transaction.id());
    text.append(" (process ").append(transaction.process()).append(", ");
    text.append(transaction.outcome());
    if (transaction.commitVersion() != null) {
      text.append(" at ").append(transaction.commitVersion());
    }
    text.append("): ");
    for (Operation operation : transaction.operations()) {
      text.append(HistoryEdn.operation(operation, HistoryEdn.Reads.FILLED)).append(' ');
    }
    return text.toString().strip();
  }
}
