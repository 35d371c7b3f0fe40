package io.khonsu;

import io.khonsu.mvcc.Conflict;
import io.khonsu.mvcc.ConflictType;
import io.khonsu.mvcc.Key;
import io.khonsu.mvcc.Predecessor;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Explains conflicts: to who collided, in counts, and to listeners. Nothing here is touched by a
 * commit without a conflict. Thread-safe.
 */
final class ConflictReports {
  /** Of one abort, so many conflicts are counted by key and range. */
  private static final int COUNTED_PER_ABORT = 16;

  private final Catalog catalog;
  private final TransactionNames names = new TransactionNames();
  private final ContentionListeners listeners = new ContentionListeners();
  private final Map<ConflictType, LongAdder> byType = new EnumMap<>(ConflictType.class);
  private final TopCounts<Place> keys = new TopCounts<>(Contention.ENTRIES_MAX);
  private final TopCounts<Place> ranges = new TopCounts<>(Contention.ENTRIES_MAX);
  private final TopCounts<Pair> rivals = new TopCounts<>(Contention.ENTRIES_MAX);

  private record Place(String table, String what) {}

  private record Pair(String loser, String winner, ConflictType type) {}

  ConflictReports(Catalog catalog) {
    this.catalog = catalog;
    for (ConflictType type : ConflictType.values()) {
      byType.put(type, new LongAdder());
    }
  }

  TransactionNames names() {
    return names;
  }

  ContentionListeners listeners() {
    return listeners;
  }

  static boolean isOfTable(Conflict conflict) {
    return Catalog.isCatalogKey(conflict.key());
  }

  /** {@return why a transaction aborted, noted as contention unless a table was dropped} */
  RuntimeException aborted(Transaction transaction, List<Conflict> found, Reading reading) {
    for (Conflict conflict : found) {
      if (isOfTable(conflict) && conflict.type() == ConflictType.READ_DELETE) {
        return new TableDroppedException(
            "table \"%s\" was dropped".formatted(Catalog.nameOf(conflict.key())));
      }
    }
    List<TableConflict> conflicts = readable(found, reading);
    note(transaction, conflicts);
    return new TransactionConflictException(
        transaction.id(), transaction.options().name(), conflicts);
  }

  List<TableConflict> readable(List<Conflict> found, Reading reading) {
    return found.isEmpty()
        ? List.of()
        : found.stream().map(conflict -> readable(conflict, reading)).toList();
  }

  private TableConflict readable(Conflict conflict, Reading reading) {
    String winner = names.of(conflict.winnerTransaction());
    if (isOfTable(conflict)) {
      // Created after the transaction began: at its next attempt it will have been there.
      String name = Catalog.nameOf(conflict.key());
      return new TableConflict(conflict, name, "the whole", null, winner, null);
    }
    Table table = catalog.tableOf(conflict.key());
    @Nullable String range = conflict.range() == null ? null : reading.describe(conflict.range());
    return new TableConflict(
        conflict,
        table.name(),
        table.describe(conflict.key()),
        range,
        winner,
        describe(conflict.predecessor()));
  }

  private @Nullable String describe(@Nullable Predecessor predecessor) {
    if (predecessor == null) {
      return null;
    }
    return switch (predecessor.edge()) {
      case BEGIN -> "all that was committed when it began, at version " + predecessor.version();
      case SNAPSHOT -> "who only read, at version " + predecessor.version();
      case READ_WRITE -> other(predecessor) + ", which read " + item(predecessor);
      case WRITE_WRITE -> other(predecessor) + ", which wrote " + item(predecessor);
    };
  }

  private String other(Predecessor predecessor) {
    String name = names.of(predecessor.transactionId());
    return "transaction %d%s at version %d"
        .formatted(
            predecessor.transactionId(),
            name.equals(TransactionOptions.UNNAMED) ? "" : " \"" + name + "\"",
            predecessor.version());
  }

  private String item(Predecessor predecessor) {
    Key key = predecessor.key();
    return key == null || Catalog.isCatalogKey(key)
        ? "the table"
        : catalog.tableOf(key).describe(key) + " of " + catalog.tableOf(key).name();
  }

  private void note(Transaction transaction, List<TableConflict> conflicts) {
    String name = transaction.options().name();
    TableConflict first = conflicts.getFirst();
    LongAdder count = byType.get(first.type());
    if (count != null) {
      count.increment();
    }
    rivals.add(new Pair(name, first.winnerName(), first.type()));
    conflicts.stream()
        .limit(COUNTED_PER_ABORT)
        .forEach(conflict -> {
          keys.add(new Place(conflict.table(), conflict.key()));
          conflict.range().ifPresent(range -> ranges.add(new Place(conflict.table(), range)));
        });
    listeners.publish(listener ->
        listener.onConflict(
            new ContentionListener.ConflictEvent(transaction.id(), name, conflicts)));
  }

  Map<ConflictType, Long> byType() {
    Map<ConflictType, Long> counts = new EnumMap<>(ConflictType.class);
    byType.forEach((type, count) -> counts.put(type, count.sum()));
    return counts;
  }

  Contention contention(int waiting) {
    return new Contention(
        keys.top().stream()
            .map(hot ->
                new Contention.HotKey(
                    hot.what().table(), hot.what().what(), hot.count(), hot.excess()))
            .toList(),
        ranges.top().stream()
            .map(hot ->
                new Contention.HotRange(
                    hot.what().table(), hot.what().what(), hot.count(), hot.excess()))
            .toList(),
        rivals.top().stream()
            .map(hot ->
                new Contention.Rivals(
                    hot.what().loser(),
                    hot.what().winner(),
                    hot.what().type(),
                    hot.count(),
                    hot.excess()))
            .toList(),
        waiting);
  }
}
