package io.khonsu;

import io.khonsu.mvcc.TxnBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Dropped tables whose items are still in the buffer, because someone may see them. Thread-safe.
 */
final class DroppedTables {
  private final TxnBuffer<StoredValue> buffer;
  private final Catalog catalog;
  private final List<Dropped> waiting = new ArrayList<>();
  private volatile boolean anyWaiting;
  private boolean closed;

  private record Dropped(Table table, long version) {}

  DroppedTables(TxnBuffer<StoredValue> buffer, Catalog catalog) {
    this.buffer = buffer;
    this.catalog = catalog;
  }

  Catalog catalog() {
    return catalog;
  }

  synchronized void add(Table table, long version) {
    waiting.add(new Dropped(table, version));
    anyWaiting = true;
    purge();
  }

  /** Removes the items that nobody can see any more. Costs nothing if there are none. */
  void purge() {
    if (anyWaiting) {
      purgeWaiting();
    }
  }

  /** Waits for a purge under way, and lets no other begin: closing the store frees all. */
  synchronized void close() {
    closed = true;
  }

  private synchronized void purgeWaiting() {
    if (closed) {
      return;
    }
    waiting.removeIf(dropped -> {
      boolean done = buffer.purge(dropped.table.allKeys(), dropped.version);
      if (done) {
        catalog.forget(dropped.table);
      }
      return done;
    });
    anyWaiting = !waiting.isEmpty();
  }
}
