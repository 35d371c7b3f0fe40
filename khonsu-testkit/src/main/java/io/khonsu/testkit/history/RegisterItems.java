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
import org.jspecify.annotations.Nullable;

/**
 * Recovers the versions of registers: the order of the commit versions is the order of the values.
 * Writes without one, such as those of transactions of unknown outcome, have no place in it; they
 * are only known to come before their readers.
 */
final class RegisterItems {

  /** A read of another transaction's value. */
  private record Read(int reader, @Nullable Long seen) {}

  /** One register. */
  private static final class Column {
    final long key;
    final Map<Long, Integer> writers = new HashMap<>();
    final Map<Integer, Long> lastWrites = new LinkedHashMap<>();
    final List<Read> reads = new ArrayList<>();

    Column(long key) {
      this.key = key;
    }
  }

  private final History history;
  private final Anomalies anomalies;
  private final Map<Long, Column> columns = new LinkedHashMap<>();
  private final Set<Integer> observedUnknown = new HashSet<>();

  private RegisterItems(History history, Anomalies anomalies) {
    this.history = history;
    this.anomalies = anomalies;
  }

  static List<Item> of(History history, Anomalies anomalies) {
    RegisterItems items = new RegisterItems(history, anomalies);
    history.transactions().forEach(items::collectWrites);
    history.transactions().stream()
        .filter(t -> t.outcome() == Outcome.COMMITTED)
        .forEach(items::collectReads);
    items.columns.values().forEach(items::noteObserved);
    return items.columns.values().stream().map(items::item).toList();
  }

  private Column column(long key) {
    return columns.computeIfAbsent(key, Column::new);
  }

  private void collectWrites(HistoryTransaction transaction) {
    for (Operation operation : transaction.operations()) {
      if (operation instanceof Operation.Write(long key, long value)) {
        Column column = column(key);
        Integer other = column.writers.putIfAbsent(value, transaction.id());
        if (other != null) {
          anomalies.add(
              Kind.DUPLICATE_VALUE,
              value + " was written twice to key " + key,
              List.of(other, transaction.id()));
        }
        column.lastWrites.put(transaction.id(), value);
      }
    }
  }

  private void collectReads(HistoryTransaction transaction) {
    Map<Long, Long> own = new HashMap<>();
    for (Operation operation : transaction.operations()) {
      switch (operation) {
        case Operation.Write(long key, long value) -> own.put(key, value);
        case Operation.ReadRegister(long key, Long seen) ->
            collectRead(transaction.id(), column(key), seen, own.get(key));
        case Operation.Append _, Operation.ReadList _ -> {}
      }
    }
  }

  private void collectRead(int reader, Column column, @Nullable Long seen, @Nullable Long own) {
    Integer writer = seen == null ? null : column.writers.get(seen);
    boolean seesOwn = writer != null && writer == reader;
    if (own == null && !seesOwn) {
      column.reads.add(new Read(reader, seen));
    } else if (!Objects.equals(own, seen)) {
      anomalies.add(
          Kind.INTERNAL_INCONSISTENCY,
          "the read of key " + column.key + " saw " + seen + " instead of " + own,
          List.of(reader));
    }
  }

  /** Notes the transactions of unknown outcome of which somebody saw something: they committed. */
  private void noteObserved(Column column) {
    for (Read read : column.reads) {
      Integer writer = read.seen == null ? null : column.writers.get(read.seen);
      if (writer != null && history.transactions().get(writer).outcome() == Outcome.UNKNOWN) {
        observedUnknown.add(writer);
      }
    }
  }

  private Item item(Column column) {
    Item item = new Item(column.key, history);
    List<Integer> writers =
        column.lastWrites.keySet().stream()
            .map(history.transactions()::get)
            .filter(t -> t.outcome() == Outcome.COMMITTED && t.commitVersion() != null)
            .sorted(Comparator.comparingLong(RegisterItems::commitVersion))
            .map(HistoryTransaction::id)
            .toList();
    Map<Integer, Integer> positions = new HashMap<>();
    for (int writer : writers) {
      item.version(writer);
      positions.put(writer, positions.size() + 1);
    }
    for (int writer : column.lastWrites.keySet()) {
      boolean applied =
          history.transactions().get(writer).outcome() == Outcome.COMMITTED
              || observedUnknown.contains(writer);
      if (applied && !positions.containsKey(writer)) {
        item.unplaced(writer);
      }
    }
    Map<Integer, Long> lastReads = new LinkedHashMap<>();
    for (Read read : column.reads) {
      addRead(column, read, positions, item);
      lastReads.put(read.reader, read.seen == null ? Long.MIN_VALUE : read.seen);
    }
    lastReads.forEach((reader, seen) -> {
      if (column.lastWrites.containsKey(reader)) {
        item.update(seen, reader);
      }
    });
    return item;
  }

  private void addRead(Column column, Read read, Map<Integer, Integer> positions, Item item) {
    if (read.seen == null) {
      item.read(read.reader, 0);
      return;
    }
    Integer writer = column.writers.get(read.seen);
    if (writer == null) {
      anomalies.add(
          Kind.GARBAGE_VALUE,
          "nobody wrote " + read.seen + " to key " + column.key,
          List.of(read.reader));
      return;
    }
    if (history.transactions().get(writer).outcome() == Outcome.FAILED) {
      anomalies.add(
          Kind.ABORTED_READ,
          read.seen + " of key " + column.key + " was read, but its writer failed",
          List.of(writer, read.reader));
    }
    if (!Objects.equals(column.lastWrites.get(writer), read.seen)) {
      anomalies.add(
          Kind.INTERMEDIATE_READ,
          read.seen + " of key " + column.key + " is not its writer's last",
          List.of(writer, read.reader));
    }
    Integer position = positions.get(writer);
    if (position == null) {
      item.readUnplaced(read.reader, writer);
    } else {
      item.read(read.reader, position);
    }
  }

  private static long commitVersion(HistoryTransaction transaction) {
    return Objects.requireNonNull(transaction.commitVersion());
  }
}
