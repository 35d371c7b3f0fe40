package io.khonsu;

import io.khonsu.internal.arrow.BatchFrame;
import io.khonsu.mvcc.Key;
import io.khonsu.mvcc.KeyInterval;
import io.khonsu.mvcc.ScanVisitor;
import io.khonsu.mvcc.Snapshot;
import io.khonsu.mvcc.TxnBuffer;
import io.khonsu.mvcc.Version;
import io.khonsu.spi.CommittedTransaction;
import io.khonsu.spi.Mutation;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a replica holds as of one version, as transactions that an empty replica becomes the same
 * by: the tables, then their items in key order, some thousands in each transaction. Reads step by
 * step, and keeps the version readable until it is closed. Not thread-safe.
 */
public final class StateScan implements AutoCloseable {
  private static final int ITEMS_MAX = 1_024;
  private static final long BYTES_MAX = 256L << 10;

  /** So many items are looked at in one step: most may be newer than what is shown. */
  private static final int LOOKED_AT_MAX = 8 * ITEMS_MAX;

  private final TxnBuffer<StoredValue> buffer;
  private final Catalog catalog;
  private final Snapshot<StoredValue> snapshot;
  private final long version;
  private final Deque<Table> tables = new ArrayDeque<>();

  /** The table under way, and which of its keys are still to be read; null if none is. */
  private @Nullable Table table;

  private @Nullable KeyInterval rest;

  /** Of the next transaction; empty at the end. */
  private List<Mutation> ahead;

  /** Of the one after it, which tells whether that is the last; empty until it is found. */
  private List<Mutation> behind = List.of();

  private long count;

  /** Takes over a snapshot. */
  StateScan(TxnBuffer<StoredValue> buffer, Catalog catalog, Snapshot<StoredValue> snapshot) {
    this.buffer = buffer;
    this.catalog = catalog;
    this.snapshot = snapshot;
    this.version = snapshot.lastCommit();
    this.ahead = definitions();
  }

  /** {@return the version of the last commit that it shows} */
  public long version() {
    return version;
  }

  /**
   * Looks at some thousand items at most; {@return whether that was enough for {@link #next}} Call
   * it until it was, to do other things in between.
   */
  public boolean look() {
    if (!ahead.isEmpty() && behind.isEmpty() && beginTable()) {
      behind = readPart();
    }
    return ahead.isEmpty() || !behind.isEmpty() || !beginTable();
  }

  /**
   * {@return the next transaction, or null if there are no more, as of a replica without tables}
   * Their versions ascend, from 1 to {@link #version}, which the last one has, and it alone; nobody
   * can have read at the others.
   */
  public @Nullable CommittedTransaction next() {
    if (ahead.isEmpty()) {
      return null;
    }
    boolean isFound = false;
    while (!isFound) {
      isFound = look();
    }
    List<Mutation> mutations = ahead;
    ahead = behind;
    behind = List.of();
    count++;
    return new CommittedTransaction(ahead.isEmpty() ? version() : count, 0, mutations);
  }

  private List<Mutation> definitions() {
    List<Mutation> found = new ArrayList<>();
    KeyInterval definitions =
        new KeyInterval(
            Key.of(Table.prefixOf(Catalog.CATALOG_ID)),
            Key.of(Table.prefixOf(Catalog.CATALOG_ID + 1)));
    var _ =
        buffer.scanForUpkeep(
            definitions,
            snapshot,
            (_, version) -> {
              StoredTable definition = (StoredTable) version.requireValue();
              Table its = catalog.byId(definition.tableId());
              if (its == null) {
                throw new AssertionError("broken invariant: a table that can be seen is known");
              }
              tables.add(its);
              found.add(new Mutation.CreateTable(definition.tableId(), definition.spec()));
            });
    return found;
  }

  /** {@return whether there is a table with keys that were not read} */
  private boolean beginTable() {
    if (rest == null) {
      table = tables.poll();
      rest = table == null ? null : table.allKeys();
    }
    return rest != null;
  }

  private List<Mutation> readPart() {
    Table its = table;
    KeyInterval interval = rest;
    if (its == null || interval == null) {
      throw new IllegalStateException("no table is being read");
    }
    Part part = new Part(its);
    Key end = buffer.scanForUpkeep(interval, snapshot, part);
    Key next = part.cut == null ? end : part.cut;
    rest = next == null ? null : new KeyInterval(next, interval.to());
    return part.finish();
  }

  /** Some items of a table. */
  private final class Part implements ScanVisitor<StoredValue> {
    private final Table its;
    private final Stretch rows = new Stretch();
    private final EncodedChanges batches = new EncodedChanges(catalog);
    private int items;
    private int lookedAt;
    private long sizeBytes;

    /** The first item that there is no room for; null if there is none. */
    private @Nullable Key cut;

    private Part(Table its) {
      this.its = its;
    }

    @Override
    public void item(Key key, Version<StoredValue> version) {
      if (cut != null || !wantsMore()) {
        cut = cut == null ? key : cut;
        return;
      }
      StoredBatch stored = Reading.storedOf(version);
      items++;
      if (its.isRowTable()) {
        sizeBytes += stored.rowBytes();
        rows.add(key, version, stored);
      } else {
        sizeBytes += stored.sizeBytes();
        batches.add(key, version);
      }
    }

    @Override
    public void lookedAt(int more) {
      lookedAt += more;
    }

    @Override
    public boolean wantsMore() {
      return items < ITEMS_MAX && sizeBytes < BYTES_MAX && lookedAt < LOOKED_AT_MAX;
    }

    private List<Mutation> finish() {
      if (rows.rowCount() == 0) {
        return batches.finish();
      }
      try (Pins pins = new Pins()) {
        byte[] frame = BatchFrame.encode(rows.gather(its.batchSchema(), pins));
        return List.of(new Mutation.PutRows(its.id(), ByteBuffer.wrap(frame)));
      }
    }
  }

  /** Lets go of the version. Closing twice does nothing. */
  @Override
  public void close() {
    snapshot.close();
  }
}
