package io.khonsu.testkit.history;

import io.khonsu.testkit.history.HistoryTransaction.Outcome;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Tries all serial orders of the committed transactions of a small list-append history. */
final class SerialOracle {

  /** Which orders are tried. */
  enum Orders {
    ALL,
    REAL_TIME
  }

  private SerialOracle() {}

  static boolean explains(History history, Orders orders) {
    List<HistoryTransaction> committed =
        history.transactions().stream().filter(t -> t.outcome() == Outcome.COMMITTED).toList();
    return search(Map.of(), committed, orders);
  }

  private static boolean search(
      Map<Long, List<Long>> state, List<HistoryTransaction> left, Orders orders) {
    if (left.isEmpty()) {
      return true;
    }
    for (HistoryTransaction next : left) {
      boolean tooEarly =
          orders == Orders.REAL_TIME
              && left.stream().anyMatch(t -> t.completedNanos() < next.invokedNanos());
      Map<Long, List<Long>> after = tooEarly ? null : replay(state, next);
      if (after != null) {
        List<HistoryTransaction> rest = new ArrayList<>(left);
        rest.remove(next);
        if (search(after, rest, orders)) {
          return true;
        }
      }
    }
    return false;
  }

  private static @Nullable Map<Long, List<Long>> replay(
      Map<Long, List<Long>> before, HistoryTransaction transaction) {
    Map<Long, List<Long>> state = new HashMap<>(before);
    for (Operation operation : transaction.operations()) {
      List<Long> list = state.getOrDefault(operation.key(), List.of());
      if (operation instanceof Operation.Append(long key, long value)) {
        List<Long> longer = new ArrayList<>(list);
        longer.add(value);
        state.put(key, longer);
      } else if (operation instanceof Operation.ReadList read && !list.equals(read.seen())) {
        return null;
      }
    }
    return state;
  }
}
