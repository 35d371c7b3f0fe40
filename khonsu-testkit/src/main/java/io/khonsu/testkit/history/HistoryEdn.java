package io.khonsu.testkit.history;

import io.khonsu.testkit.history.HistoryTransaction.Outcome;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Reader;
import java.io.Writer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Histories as EDN, the form that public checkers read: one map a line for each event.
 *
 * <pre>{@code
 * {:index 0 :time 100 :process 3 :type :invoke :f :txn :value [[:append 7 1] [:r 8 nil]]}
 * {:index 1 :time 250 :process 3 :type :ok :f :txn :value [[:append 7 1] [:r 8 [4 5]]] :ts 42}
 * }</pre>
 *
 * <p>Indices are dense, times monotone, {@code :ts} is the commit version and {@code :snapshot} the
 * snapshot version, where known. {@code :fail} means surely not applied, {@code :info} that nobody
 * knows. Registers use {@code :w} instead of {@code :append}.
 */
public final class HistoryEdn {

  /** Whether reads are written with what they saw. */
  enum Reads {
    EMPTY,
    FILLED
  }

  /** One line. */
  private record Event(HistoryTransaction transaction, boolean completes) {
    long nanos() {
      return completes ? transaction.completedNanos() : transaction.invokedNanos();
    }
  }

  private HistoryEdn() {}

  /** Writes {@code history} line by line; the caller closes {@code out}. */
  public static void write(History history, Writer out) throws IOException {
    Map<Integer, Queue<Event>> processes = new TreeMap<>();
    for (HistoryTransaction t : history.transactions()) {
      Queue<Event> events = processes.computeIfAbsent(t.process(), _ -> new ArrayDeque<>());
      events.add(new Event(t, false));
      events.add(new Event(t, true));
    }
    Comparator<Queue<Event>> byTime = Comparator.comparingLong(queue -> queue.element().nanos());
    PriorityQueue<Queue<Event>> heads =
        new PriorityQueue<>(byTime.thenComparing(queue -> queue.element().completes()));
    heads.addAll(processes.values());
    for (int index = 0; !heads.isEmpty(); index++) {
      Queue<Event> queue = heads.remove();
      out.write(line(index, queue.remove()));
      out.write('\n');
      if (!queue.isEmpty()) {
        heads.add(queue);
      }
    }
  }

  /**
   * Reads a history that {@link #write} or a compatible program has written. Keys that are not
   * known are skipped; a transaction without a completion has an unknown outcome.
   *
   * @throws IOException if reading fails or the text is not such a history
   */
  public static History read(Reader in) throws IOException {
    BufferedReader lines = new BufferedReader(in);
    Map<Integer, Map<String, Object>> open = new HashMap<>();
    List<HistoryTransaction> transactions = new ArrayList<>();
    long lastNanos = 0;
    int number = 0;
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      number++;
      if (line.isBlank() || line.startsWith(";")) {
        continue;
      }
      try {
        Map<String, Object> event = EdnParser.parseMap(line);
        lastNanos = Math.max(lastNanos, number(event, ":time"));
        accept(event, open, transactions);
      } catch (IllegalArgumentException e) {
        throw new IOException("history line " + number + ": " + e.getMessage(), e);
      }
    }
    for (Map<String, Object> invoked : open.values()) {
      transactions.add(transaction(invoked, invoked, Outcome.UNKNOWN, lastNanos));
    }
    return History.of(transactions);
  }

  private static void accept(
      Map<String, Object> event,
      Map<Integer, Map<String, Object>> open,
      List<HistoryTransaction> transactions) {
    Object type = event.get(":type");
    int process = (int) number(event, ":process");
    if (":invoke".equals(type)) {
      if (open.put(process, event) != null) {
        throw new IllegalArgumentException("process " + process + " has an open transaction");
      }
      return;
    }
    Map<String, Object> invoked = open.remove(process);
    if (invoked == null) {
      throw new IllegalArgumentException("process " + process + " has no open transaction");
    }
    Outcome outcome =
        switch (String.valueOf(type)) {
          case ":ok" -> Outcome.COMMITTED;
          case ":fail" -> Outcome.FAILED;
          case ":info" -> Outcome.UNKNOWN;
          default -> throw new IllegalArgumentException("unknown type " + type);
        };
    Map<String, Object> values = outcome == Outcome.COMMITTED ? event : invoked;
    long completedNanos = number(event, ":time");
    transactions.add(transaction(invoked, values, outcome, completedNanos));
  }

  private static HistoryTransaction transaction(
      Map<String, Object> invoked,
      Map<String, Object> values,
      Outcome outcome,
      long completedNanos) {
    List<Operation> operations = new ArrayList<>();
    for (Object operation : list(values.get(":value"))) {
      operations.add(operation(list(operation), outcome));
    }
    boolean committed = outcome == Outcome.COMMITTED;
    return new HistoryTransaction(
        0,
        (int) number(invoked, ":process"),
        operations,
        outcome,
        number(invoked, ":time"),
        completedNanos,
        committed && values.get(":ts") instanceof Long version ? version : null,
        committed && values.get(":snapshot") instanceof Long version ? version : null);
  }

  private static Operation operation(List<?> parts, Outcome outcome) {
    if (parts.size() != 3 || !(parts.get(1) instanceof Long key)) {
      throw new IllegalArgumentException("not an operation: " + parts);
    }
    Object value = parts.get(2);
    return switch (String.valueOf(parts.getFirst())) {
      case ":append" -> new Operation.Append(key, asLong(value));
      case ":w" -> new Operation.Write(key, asLong(value));
      case ":r" -> read(key, value, outcome);
      default -> throw new IllegalArgumentException("unknown operation " + parts);
    };
  }

  private static Operation read(long key, @Nullable Object value, Outcome outcome) {
    if (value instanceof List<?> seen) {
      return new Operation.ReadList(key, seen.stream().map(HistoryEdn::asLong).toList());
    }
    Long seen = value == null ? null : Long.valueOf(asLong(value));
    // The text of an unfilled read does not tell its kind, and nothing depends on it.
    return outcome == Outcome.COMMITTED
        ? new Operation.ReadRegister(key, seen)
        : new Operation.ReadRegister(key, null);
  }

  private static String line(int index, Event event) {
    HistoryTransaction t = event.transaction;
    String type = ":invoke";
    if (event.completes) {
      type =
          switch (t.outcome()) {
            case COMMITTED -> ":ok";
            case FAILED -> ":fail";
            case UNKNOWN -> ":info";
          };
    }
    boolean committed = event.completes && t.outcome() == Outcome.COMMITTED;
    Reads reads = committed ? Reads.FILLED : Reads.EMPTY;
    StringBuilder line = new StringBuilder();
    line.append("{:index ").append(index);
    line.append(" :time ").append(event.nanos());
    line.append(" :process ").append(t.process());
    line.append(" :type ").append(type).append(" :f :txn :value [");
    for (int i = 0; i < t.operations().size(); i++) {
      line.append(i == 0 ? "" : " ").append(operation(t.operations().get(i), reads));
    }
    line.append(']');
    if (committed && t.commitVersion() != null) {
      line.append(" :ts ").append(t.commitVersion());
    }
    if (committed && t.snapshotVersion() != null) {
      line.append(" :snapshot ").append(t.snapshotVersion());
    }
    return line.append('}').toString();
  }

  /** {@return one operation as EDN} */
  static String operation(Operation operation, Reads reads) {
    return switch (operation) {
      case Operation.Append(long key, long value) -> "[:append " + key + " " + value + "]";
      case Operation.Write(long key, long value) -> "[:w " + key + " " + value + "]";
      case Operation.ReadList(long key, List<Long> seen) ->
          "[:r " + key + " " + (reads == Reads.EMPTY || seen == null ? "nil" : vector(seen)) + "]";
      case Operation.ReadRegister(long key, Long seen) ->
          "[:r " + key + " " + (reads == Reads.EMPTY || seen == null ? "nil" : seen) + "]";
    };
  }

  private static String vector(List<Long> values) {
    StringBuilder text = new StringBuilder("[");
    for (int i = 0; i < values.size(); i++) {
      text.append(i == 0 ? "" : " ").append(values.get(i));
    }
    return text.append(']').toString();
  }

  private static List<?> list(@Nullable Object value) {
    if (value instanceof List<?> list) {
      return list;
    }
    throw new IllegalArgumentException("not a vector: " + value);
  }

  private static long number(Map<String, Object> event, String key) {
    return asLong(event.get(key));
  }

  private static long asLong(@Nullable Object value) {
    if (value instanceof Long number) {
      return number;
    }
    throw new IllegalArgumentException("not a number: " + value);
  }
}
