package io.khonsu;

import io.khonsu.internal.arrow.BatchBuilder;
import io.khonsu.internal.arrow.FrozenBatch;
import io.khonsu.internal.arrow.Gather;
import io.khonsu.mvcc.IsolationLevel;
import io.khonsu.mvcc.Key;
import io.khonsu.mvcc.KeyInterval;
import io.khonsu.mvcc.ReadSet;
import io.khonsu.mvcc.ScanVisitor;
import io.khonsu.mvcc.Version;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Reads at one snapshot, on top of what the transaction itself has written, and notes what must be
 * unchanged at commit, as far as the level asks. Not thread-safe.
 */
final class Reading {
  private final CommittedItems items;
  private final Memory memory;
  private final ViewState view;
  private final @Nullable IsolationLevel level;
  private final @Nullable StagedWrites staged;
  private final RunMode mode;
  private final ReadSet<StoredValue> reads = new ReadSet<>();

  /** What the ranges read were called, in the order of reading. */
  private List<NotedRange> ranges = List.of();

  private record NotedRange(KeyInterval interval, Object what) {}

  /** A reading that notes nothing and sees committed rows only. */
  static Reading readOnly(CommittedItems items, Memory memory, ViewState view) {
    return new Reading(items, memory, view, null, null, RunMode.BY_HAND);
  }

  Reading(
      CommittedItems items,
      Memory memory,
      ViewState view,
      @Nullable IsolationLevel level,
      @Nullable StagedWrites staged,
      RunMode mode) {
    this.items = items;
    this.memory = memory;
    this.view = view;
    this.level = level;
    this.staged = staged;
    this.mode = mode;
  }

  /** From here on the view's version is known, if it is one that others decide. */
  void fixVersion() {
    var _ = view.snapshot();
  }

  /** {@return whether all that is read is noted, and so a change of it can be waited for} */
  boolean notesAll() {
    return level == IsolationLevel.SERIALIZABLE || mode == RunMode.NOTING;
  }

  /** {@return what a range that was read is called} */
  String describe(KeyInterval interval) {
    return ranges.stream()
        .filter(range -> range.interval.equals(interval))
        .map(range -> range.what.toString())
        .findFirst()
        .orElseThrow(() -> new AssertionError("broken invariant: a range read was noted"));
  }

  ReadSet<StoredValue> reads() {
    return reads;
  }

  /** A snapshot that one operation reads at: the view's own, or under READ_COMMITTED a new one. */
  private io.khonsu.mvcc.Snapshot<StoredValue> open() {
    return level == IsolationLevel.READ_COMMITTED ? items.open() : view.snapshot();
  }

  private void close(io.khonsu.mvcc.Snapshot<StoredValue> snapshot) {
    if (level == IsolationLevel.READ_COMMITTED) {
      snapshot.close();
    }
  }

  Optional<Row> get(Table table, Key key) {
    int own = staged == null ? -1 : staged.writes().find(key);
    if (staged != null && own >= 0 && !staged.writes().isMerge(own)) {
      return ownRow(staged, table, own);
    }
    io.khonsu.mvcc.Snapshot<StoredValue> snapshot = open();
    try {
      Version<StoredValue> version = visible(key, snapshot);
      if (staged != null && own >= 0) {
        return Optional.of(merged(staged, table, own, version).toRow());
      }
      if (version == null || version.isTombstone()) {
        return Optional.empty();
      }
      return Optional.of(new Row(table.shape(), batchOf(version).getObjects(version.index())));
    } finally {
      close(snapshot);
    }
  }

  private Optional<Row> ownRow(StagedWrites staged, Table table, int position) {
    int row = staged.writes().version(position).index();
    return row < 0 ? Optional.empty() : Optional.of(new Row(table.shape(), ownValues(table, row)));
  }

  /** {@return the values of a row that the transaction has written} */
  @Nullable Object[] ownValues(Table table, int row) {
    var rows = Objects.requireNonNull(staged).of(table).requireRows();
    @Nullable Object[] values = new Object[table.shape().names().size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = rows.getObject(i, row);
    }
    return values;
  }

  /** {@return a row with what the transaction merges into it} */
  private static MergedRow merged(
      StagedWrites staged, Table table, int position, @Nullable Version<StoredValue> committed) {
    Key key = staged.writes().key(position);
    MergedRow row =
        committed == null || committed.isTombstone()
            ? MergedRow.over(table, key, null, 0)
            : MergedRow.over(table, key, batchOf(committed), committed.index());
    row.apply(Objects.requireNonNull(staged.mergeOf(position)));
    return row;
  }

  @SuppressWarnings("MustBeClosedChecker") // moves into what the view owns
  private FrozenBatch mergedBatch(
      StagedWrites staged, Table table, int position, @Nullable Version<StoredValue> committed) {
    Merge last = Objects.requireNonNull(staged.mergeOf(position)).steps().getLast().merge();
    BatchBuilder row = merged(staged, table, position, committed).toBatch(last, Integer.MAX_VALUE);
    return view.own(ViewState.within(() -> row.freeze(memory.reads())));
  }

  /** Says that these items will be asked for one by one. */
  void expect(List<Key> keys) {
    if (level != IsolationLevel.READ_COMMITTED) {
      items.expect(keys, view.snapshot());
    }
  }

  boolean contains(Key key) {
    int own = staged == null ? -1 : staged.writes().find(key);
    if (staged != null && own >= 0) {
      return !staged.writes().version(own).isTombstone();
    }
    io.khonsu.mvcc.Snapshot<StoredValue> snapshot = open();
    try {
      Version<StoredValue> version = visible(key, snapshot);
      return version != null && !version.isTombstone();
    } finally {
      close(snapshot);
    }
  }

  RecordBatch getAll(Table table, List<Key> keys) {
    io.khonsu.mvcc.Snapshot<StoredValue> snapshot = open();
    try {
      items.expect(keys, snapshot);
      Gather gather = new Gather(table.batchSchema());
      RecentBatches recent = RecentBatches.insideView();
      FrozenBatch own = null;
      for (Key key : keys) {
        int position = staged == null ? -1 : staged.writes().find(key);
        if (staged != null && position >= 0 && staged.writes().isMerge(position)) {
          gather.add(mergedBatch(staged, table, position, visible(key, snapshot)), 0, 1);
        } else if (staged != null && position >= 0) {
          int row = staged.writes().version(position).index();
          own = row >= 0 && own == null ? ownRows(staged, table) : own;
          if (row >= 0 && own != null) {
            gather.add(own, row, 1);
          }
        } else {
          addCommitted(gather, recent, visible(key, snapshot));
        }
      }
      return view.export(gather, memory);
    } finally {
      close(snapshot);
    }
  }

  private static void addCommitted(
      Gather gather, RecentBatches recent, @Nullable Version<StoredValue> version) {
    if (version != null && !version.isTombstone()) {
      gather.add(recent.bytesOf(storedOf(version)), version.index(), 1);
    }
  }

  Optional<RecordBatch> readBatch(Table table, Key key) {
    int own = staged == null ? -1 : staged.writes().find(key);
    if (staged != null && own >= 0 && !staged.writes().isMerge(own)) {
      int index = staged.writes().version(own).index();
      return index < 0 ? Optional.empty() : Optional.of(ownBatch(staged, table, index));
    }
    io.khonsu.mvcc.Snapshot<StoredValue> snapshot = open();
    try {
      Version<StoredValue> version = visible(key, snapshot);
      Version<StoredValue> committed = version == null || version.isTombstone() ? null : version;
      if (staged != null && own >= 0) {
        int index = staged.writes().version(own).index();
        return Optional.of(appended(staged, table, index, committed));
      }
      return committed == null
          ? Optional.empty()
          : Optional.of(exported(table, batchOf(committed)));
    } finally {
      close(snapshot);
    }
  }

  @SuppressWarnings("MustBeClosedChecker") // moves into what the view owns
  private RecordBatch appended(
      StagedWrites staged, Table table, int index, @Nullable Version<StoredValue> committed) {
    if (committed == null) {
      return ownBatch(staged, table, index);
    }
    BatchBuilder all =
        BatchMerger.merged(
            table,
            BatchMerger.Rows.of(batchOf(committed)),
            BatchMerger.Rows.of(staged.of(table).batches.get(index)));
    return exported(table, view.own(ViewState.within(() -> all.freeze(memory.reads()))));
  }

  @SuppressWarnings("MustBeClosedChecker") // moves into what the view owns
  private RecordBatch ownBatch(StagedWrites staged, Table table, int index) {
    FrozenBatch copy =
        view.own(
            ViewState.within(() -> staged.of(table).batches.get(index).freeze(memory.reads())));
    return exported(table, copy);
  }

  private RecordBatch exported(Table table, FrozenBatch batch) {
    return view.export(new Gather(table.batchSchema()).add(batch, 0, batch.rowCount()), memory);
  }

  List<String> names(Table table, KeyRange range) {
    KeyInterval interval = table.interval(range);
    if (interval == null) {
      return List.of();
    }
    noteRange(interval, null, range);
    List<String> names = new ArrayList<>();
    io.khonsu.mvcc.Snapshot<StoredValue> snapshot = open();
    try {
      scan(
          interval,
          null,
          CommittedItems.Wanted.KEYS,
          snapshot,
          new Overlay(staged, interval) {
            @Override
            void committed(Key key, Version<StoredValue> version) {
              noteItem(key);
              names.add(table.batchName(key));
            }

            @Override
            void own(Key key, int position) {
              names.add(table.batchName(key));
            }

            @Override
            boolean committedRun(StoredValue value, int firstIndex, int count) {
              return false;
            }
          });
      return names;
    } finally {
      close(snapshot);
    }
  }

  ScanResult scan(Table table, Scan scan) {
    Objects.requireNonNull(scan, "scan");
    int[] projection = projection(table, scan);
    RowShape shape = scan.columns().map(RowShape::new).orElse(table.shape());
    RowPredicate predicate = predicate(table, scan);
    KeyInterval interval = table.interval(scan.range());
    FoundRows found = new FoundRows();
    if (interval != null) {
      noteRange(interval, predicate, scan.rows());
      io.khonsu.mvcc.Snapshot<StoredValue> snapshot = open();
      try {
        scan(
            interval,
            predicate,
            CommittedItems.Wanted.ITEMS,
            snapshot,
            new RowCollector(table, interval, predicate, snapshot, found));
        pin(found);
      } finally {
        close(snapshot);
        if (predicate != null) {
          predicate.forget();
        }
      }
    }
    return new ScanResult(table.batchSchema(), projection, shape, found, view, memory);
  }

  /** Rows found at a snapshot of one operation outlive it, as this holds their batches. */
  private void pin(FoundRows found) {
    if (level != IsolationLevel.READ_COMMITTED) {
      return;
    }
    for (int i = 0; i < found.runCount(); i++) {
      StoredBatch batch = found.batch(i);
      boolean isNew = i == 0 || found.batch(i - 1) != batch;
      if (isNew && batch instanceof HeldBatch held && held.isLarge()) {
        held.hold();
        var _ = view.own(held::retireOne);
      }
    }
  }

  private static int[] projection(Table table, Scan scan) {
    return scan.columns()
        .map(names -> names.stream().mapToInt(table.shape()::indexOf).toArray())
        .orElseGet(() -> IntStream.range(0, table.shape().names().size()).toArray());
  }

  private static @Nullable RowPredicate predicate(Table table, Scan scan) {
    return scan.filter().equals(RowFilter.all())
        ? null
        : new RowPredicate(scan.filter(), table.schema());
  }

  private void noteRange(KeyInterval interval, @Nullable RowPredicate predicate, Object what) {
    if (notesAll() || level == IsolationLevel.SNAPSHOT) {
      reads.addRange(interval, predicate);
      ranges = ranges.isEmpty() ? new ArrayList<>() : ranges;
      ranges.add(new NotedRange(interval, what));
    }
  }

  private void noteItem(Key key) {
    if (level == IsolationLevel.REPEATABLE_READ) {
      reads.addItem(key);
    }
  }

  private @Nullable Version<StoredValue> visible(
      Key key, io.khonsu.mvcc.Snapshot<StoredValue> snapshot) {
    return level != null && (level.readsAtBegin() || mode == RunMode.NOTING)
        ? items.read(key, snapshot, reads)
        : items.get(key, snapshot);
  }

  private void scan(
      KeyInterval interval,
      @Nullable RowPredicate predicate,
      CommittedItems.Wanted wanted,
      io.khonsu.mvcc.Snapshot<StoredValue> snapshot,
      Overlay overlay) {
    items.scan(interval, predicate, wanted, snapshot, overlay);
    overlay.finish();
  }

  @SuppressWarnings("MustBeClosedChecker") // moves into what the view owns
  private FrozenBatch ownRows(StagedWrites staged, Table table) {
    return view.own(ViewState.within(() -> staged.of(table).requireRows().freeze(memory.reads())));
  }

  static StoredBatch storedOf(Version<StoredValue> version) {
    return (StoredBatch) version.requireValue();
  }

  /** {@return the bytes of a version's batch, for who is inside a view} */
  static FrozenBatch batchOf(Version<StoredValue> version) {
    return storedOf(version).batch();
  }

  /** Merges a scan of committed items with the transaction's own writes, in key order. */
  private abstract static class Overlay implements ScanVisitor<StoredValue> {
    private final @Nullable StagedWrites staged;
    private final int[] positions;
    private int next;

    Overlay(@Nullable StagedWrites staged, KeyInterval interval) {
      this.staged = staged;
      this.positions =
          staged == null || staged.isEmpty() ? new int[0] : staged.positionsIn(interval);
    }

    abstract void committed(Key key, Version<StoredValue> version);

    abstract boolean committedRun(StoredValue value, int firstIndex, int count);

    abstract void own(Key key, int position);

    @Override
    public final void item(Key key, Version<StoredValue> version) {
      boolean overwritten = false;
      while (staged != null && next < positions.length) {
        int order = staged.writes().key(positions[next]).compareTo(key);
        if (order > 0) {
          break;
        }
        overwritten = order == 0;
        emitOwn(staged);
      }
      if (!overwritten) {
        committed(key, version);
      }
    }

    @Override
    public final boolean run(StoredValue value, int firstIndex, int count) {
      return positions.length == 0 && committedRun(value, firstIndex, count);
    }

    final void finish() {
      while (staged != null && next < positions.length) {
        emitOwn(staged);
      }
    }

    private void emitOwn(StagedWrites writes) {
      int position = positions[next++];
      int index = writes.writes().version(position).index();
      if (index >= 0) {
        own(writes.writes().key(position), position);
      }
    }
  }

  /** Collects the rows that match. */
  private final class RowCollector extends Overlay {
    private final Table table;
    private final @Nullable RowPredicate predicate;
    private final io.khonsu.mvcc.Snapshot<StoredValue> snapshot;
    private final FoundRows found;
    private final RecentBatches recent = RecentBatches.insideView();
    private @Nullable StoredBatch ownRows;

    RowCollector(
        Table table,
        KeyInterval interval,
        @Nullable RowPredicate predicate,
        io.khonsu.mvcc.Snapshot<StoredValue> snapshot,
        FoundRows found) {
      super(staged, interval);
      this.snapshot = snapshot;
      this.table = table;
      this.predicate = predicate;
      this.found = found;
    }

    @Override
    void committed(Key key, Version<StoredValue> version) {
      StoredBatch batch = storedOf(version);
      if (predicate == null || predicate.test(recent.bytesOf(batch), version.index())) {
        noteItem(key);
        found.add(batch, version.index(), 1);
      }
    }

    @Override
    boolean committedRun(StoredValue value, int firstIndex, int count) {
      if (level == IsolationLevel.REPEATABLE_READ) {
        return false;
      }
      StoredBatch rows = (StoredBatch) value;
      if (predicate == null) {
        found.add(rows, firstIndex, count);
        return true;
      }
      FrozenBatch batch = recent.bytesOf(rows);
      for (int row = firstIndex; row < firstIndex + count; row++) {
        if (predicate.test(batch, row)) {
          found.add(rows, row, 1);
        }
      }
      return true;
    }

    @Override
    void own(Key key, int position) {
      if (staged == null) {
        return;
      }
      if (staged.writes().isMerge(position)) {
        FrozenBatch row = mergedBatch(staged, table, position, visible(key, snapshot));
        add(StoredBatch.borrow(row), 0);
        return;
      }
      if (ownRows == null) {
        ownRows = StoredBatch.borrow(ownRows(staged, table));
      }
      add(ownRows, staged.writes().version(position).index());
    }

    private void add(StoredBatch rows, int row) {
      if (predicate == null || predicate.test(recent.bytesOf(rows), row)) {
        found.add(rows, row, 1);
      }
    }
  }
}
