package io.khonsu.testkit.scenario;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The oracle of serializability: tries every serial order of a few transactions.
 *
 * <p>The search is exponential in the number of transactions, or, if the order has to respect real
 * time, in the number of those that overlap.
 */
final class SerialOrders {

  /** Which orders are tried. */
  enum Orders {
    ALL,
    /** Those in which a transaction that ended before another began also comes before it. */
    REAL_TIME
  }

  private final Orders orders;
  private final @Nullable SortedMap<String, Long> end;

  private SerialOrders(Orders orders, @Nullable SortedMap<String, Long> end) {
    this.orders = orders;
    this.end = end;
  }

  /**
   * {@return whether some order explains every read of {@code traces}}
   *
   * @param end the state that the order must lead to, or null if any will do
   */
  static boolean explain(
      Orders orders,
      SortedMap<String, Long> start,
      List<TransactionTrace> traces,
      @Nullable SortedMap<String, Long> end) {
    return new SerialOrders(orders, end).search(start, traces);
  }

  private boolean search(SortedMap<String, Long> state, List<TransactionTrace> left) {
    if (left.isEmpty()) {
      return end == null || state.equals(end);
    }
    for (TransactionTrace next : left) {
      if (orders == Orders.REAL_TIME
          && left.stream().anyMatch(other -> other.endedAt() < next.beganAt())) {
        continue;
      }
      SortedMap<String, Long> after = replay(state, next);
      if (after == null) {
        continue;
      }
      List<TransactionTrace> rest = new ArrayList<>(left);
      rest.remove(next);
      if (search(after, rest)) {
        return true;
      }
    }
    return false;
  }

  /**
   * {@return the state after {@code trace}, or null if one of its reads would see another value}
   */
  private static @Nullable SortedMap<String, Long> replay(
      SortedMap<String, Long> before, TransactionTrace trace) {
    SortedMap<String, Long> state = new TreeMap<>(before);
    for (Event event : trace.events()) {
      switch (event) {
        case Event.Saw(Event.Target target, SortedMap<String, Long> seen, int _) -> {
          if (!target.in(state).equals(seen)) {
            return null;
          }
        }
        case Event.Wrote(String key, OptionalLong value) -> Event.apply(state, key, value);
      }
    }
    return state;
  }
}
