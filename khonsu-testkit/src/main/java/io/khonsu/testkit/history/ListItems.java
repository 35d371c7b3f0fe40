package io.khonsu.testkit.history;

import io.khonsu.testkit.history.Anomaly.Kind;
import io.khonsu.testkit.history.HistoryTransaction.Outcome;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * Recovers the versions of lists: the longest list that was read is the order of the appends, and
 * every other read must be a prefix of it. The reader's own appends are cut off first.
 */
final class ListItems {

  /** A read without the reader's own appends. */
  private record Read(int reader, List<Long> seen) {}

  /** One list. */
  private static final class Column {
    final long key;
    final Map<Long, Integer> writers = new HashMap<>();
    final Map<Integer, List<Long>> appends = new LinkedHashMap<>();
    final List<Read> reads = new ArrayList<>();
    final Map<Integer, Integer> firstReadSizes = new LinkedHashMap<>();

    Column(long key) {
      this.key = key;
    }
  }

  private final History history;
  private final Anomalies anomalies;
  private final Map<Long, Column> columns = new LinkedHashMap<>();
  private final Set<Integer> observedUnknown = new HashSet<>();

  private ListItems(History history, Anomalies anomalies) {
    this.history = history;
    this.anomalies = anomalies;
  }

  static List<Item> of(History history, Anomalies anomalies) {
    ListItems items = new ListItems(history, anomalies);
    history.transactions().forEach(items::collectAppends);
    history.transactions().stream()
        .filter(t -> t.outcome() == Outcome.COMMITTED)
        .forEach(items::collectReads);
    items.columns.values().forEach(items::noteObserved);
    return items.columns.values().stream().map(items::item).toList();
  }

  private Column column(long key) {
    return columns.computeIfAbsent(key, Column::new);
  }

  private void collectAppends(HistoryTransaction transaction) {
    for (Operation operation : transaction.operations()) {
      if (operation instanceof Operation.Append(long key, long value)) {
        Column column = column(key);
        Integer other = column.writers.putIfAbsent(value, transaction.id());
        if (other != null) {
          anomalies.add(
              Kind.DUPLICATE_VALUE,
              value + " was appended twice to key " + key,
              List.of(other, transaction.id()));
        }
        column.appends.computeIfAbsent(transaction.id(), _ -> new ArrayList<>()).add(value);
      }
    }
  }

  private void collectReads(HistoryTransaction transaction) {
    Map<Long, List<Long>> own = new HashMap<>();
    for (Operation operation : transaction.operations()) {
      switch (operation) {
        case Operation.Append(long key, long value) ->
            own.computeIfAbsent(key, _ -> new ArrayList<>()).add(value);
        case Operation.ReadList(long key, List<Long> seen) ->
            collectRead(
                transaction.id(),
                column(key),
                Objects.requireNonNull(seen, "a committed read has been read"),
                own.getOrDefault(key, List.of()));
        case Operation.Write _, Operation.ReadRegister _ -> {}
      }
    }
  }

  private void collectRead(int reader, Column column, List<Long> seen, List<Long> own) {
    int size = seen.size() - own.size();
    boolean endsWithOwn = size >= 0 && seen.subList(size, seen.size()).equals(own);
    List<Long> external = endsWithOwn ? seen.subList(0, size) : seen;
    boolean hasOwnInside =
        column.appends.getOrDefault(reader, List.of()).stream().anyMatch(external::contains);
    if (!endsWithOwn || hasOwnInside) {
      anomalies.add(
          Kind.INTERNAL_INCONSISTENCY,
          "the read of key " + column.key + " should end with " + own,
          List.of(reader));
      return;
    }
    column.reads.add(new Read(reader, external));
    if (own.isEmpty()) {
      column.firstReadSizes.put(reader, external.size());
    }
  }

  /** Notes the transactions of unknown outcome of which somebody saw something: they committed. */
  private void noteObserved(Column column) {
    for (long value : longest(column)) {
      Integer writer = column.writers.get(value);
      if (writer != null && history.transactions().get(writer).outcome() == Outcome.UNKNOWN) {
        observedUnknown.add(writer);
      }
    }
  }

  private static List<Long> longest(Column column) {
    return column.reads.stream()
        .map(Read::seen)
        .max(Comparator.comparingInt(List::size))
        .orElse(List.of());
  }

  private Item item(Column column) {
    Item item = new Item(column.key, history);
    List<Long> longest = longest(column);
    checkValues(column, longest);
    longest.forEach(value -> item.version(writer(column, value)));
    for (Read read : column.reads) {
      checkEnd(column, read);
      if (longest.subList(0, read.seen.size()).equals(read.seen)) {
        item.read(read.reader, read.seen.size());
      } else {
        checkValues(column, read.seen);
        anomalies.add(
            Kind.INCOMPATIBLE_ORDER,
            "key " + column.key + " was read as " + read.seen + " and as " + longest,
            List.of(read.reader));
      }
    }
    addUnobserved(column, longest, item);
    column.firstReadSizes.forEach((reader, size) -> {
      if (column.appends.containsKey(reader)) {
        item.update(size, reader);
      }
    });
    return item;
  }

  /** {@return who appended {@code value}; for garbage, which is reported, its first reader} */
  private static int writer(Column column, long value) {
    Integer writer = column.writers.get(value);
    return writer == null ? readerOf(column, value) : writer;
  }

  private static int readerOf(Column column, long value) {
    return column.reads.stream()
        .filter(read -> read.seen.contains(value))
        .mapToInt(Read::reader)
        .findFirst()
        .orElseThrow();
  }

  private void checkValues(Column column, List<Long> values) {
    Set<Long> distinct = new HashSet<>();
    for (long value : values) {
      Integer writer = column.writers.get(value);
      if (!distinct.add(value)) {
        anomalies.add(
            Kind.DUPLICATE_VALUE,
            "key " + column.key + " has " + value + " twice",
            List.of(readerOf(column, value)));
      } else if (writer == null) {
        anomalies.add(
            Kind.GARBAGE_VALUE,
            "nobody appended " + value + " to key " + column.key,
            List.of(readerOf(column, value)));
      } else if (history.transactions().get(writer).outcome() == Outcome.FAILED) {
        anomalies.add(
            Kind.ABORTED_READ,
            value + " of key " + column.key + " was read, but its writer failed",
            List.of(writer, readerOf(column, value)));
      }
    }
  }

  /** Checks that a read does not end in the middle of what one transaction appended. */
  private void checkEnd(Column column, Read read) {
    if (read.seen.isEmpty()) {
      return;
    }
    long last = read.seen.getLast();
    Integer writer = column.writers.get(last);
    if (writer != null && Objects.requireNonNull(column.appends.get(writer)).getLast() != last) {
      anomalies.add(
          Kind.INTERMEDIATE_READ,
          last + " of key " + column.key + " is not its writer's last",
          List.of(writer, read.reader));
    }
  }

  private void addUnobserved(Column column, List<Long> longest, Item item) {
    Set<Long> observed = new HashSet<>(longest);
    long lastReadNanos =
        column.reads.stream()
            .mapToLong(read -> history.transactions().get(read.reader).invokedNanos())
            .max()
            .orElse(Long.MIN_VALUE);
    column.appends.forEach((id, values) -> {
      HistoryTransaction writer = history.transactions().get(id);
      boolean acknowledged = writer.outcome() == Outcome.COMMITTED;
      boolean applied = acknowledged || observedUnknown.contains(id);
      if (!applied || observed.containsAll(values)) {
        return;
      }
      item.later(id);
      if (acknowledged && writer.completedNanos() < lastReadNanos) {
        anomalies.add(
            Kind.LOST_APPEND,
            "later reads of key " + column.key + " lack some of " + values,
            List.of(id));
      }
    });
  }
}
