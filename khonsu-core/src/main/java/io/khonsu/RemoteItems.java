package io.khonsu;

import io.khonsu.internal.arrow.BatchFrame;
import io.khonsu.internal.arrow.ColumnView;
import io.khonsu.internal.arrow.CorruptFrameException;
import io.khonsu.internal.arrow.FrozenBatch;
import io.khonsu.mvcc.Key;
import io.khonsu.mvcc.KeyInterval;
import io.khonsu.mvcc.ReadSet;
import io.khonsu.mvcc.ScanVisitor;
import io.khonsu.mvcc.Snapshot;
import io.khonsu.mvcc.Version;
import io.khonsu.spi.Mutation;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The items of a cluster, as one view reads them; what came belongs to the view. Not thread-safe.
 */
final class RemoteItems implements CommittedItems {
  private static final byte[] NO_FILTER = {};

  /** So many bytes of keys, or little more, go into one question. */
  private static final int KEY_BYTES_MAX = 1 << 20;

  private final RemoteLink link;
  private final Catalog catalog;
  private final Memory memory;
  private final ViewState view;

  /** What was expected and has come, as long as the snapshot is the same. */
  private final Map<Key, @Nullable Version<StoredValue>> expected = new HashMap<>();

  private long expectedAt;

  RemoteItems(RemoteLink link, Catalog catalog, Memory memory, ViewState view) {
    this.link = link;
    this.catalog = catalog;
    this.memory = memory;
    this.view = view;
  }

  @Override
  public Snapshot<StoredValue> open() {
    return Snapshot.elsewhere(link.versions(RemoteQuestion.Newest.KNOWN_THERE).newest());
  }

  @Override
  public void expect(List<Key> keys, Snapshot<StoredValue> snapshot) {
    expected.clear();
    expectedAt = snapshot.version();
    List<Key> missing = keys.stream().distinct().toList();
    while (!missing.isEmpty()) {
      List<Key> asked = missing.subList(0, countToAsk(missing));
      RemoteAnswer answer = link.read(new RemoteQuestion.Items(snapshot.version(), asked));
      if (!(answer instanceof RemoteAnswer.Found found)) {
        throw RemoteLink.notAnAnswer();
      }
      Key next = found.next();
      int considered = next == null ? asked.size() : asked.indexOf(next);
      if (considered < 1) {
        throw RemoteLink.notAnAnswer();
      }
      missing.subList(0, considered).forEach(key -> expected.put(key, null));
      expected.putAll(decoded(snapshot.version(), found));
      missing = missing.subList(considered, missing.size());
    }
  }

  private static int countToAsk(List<Key> keys) {
    int bytes = 0;
    int count = 0;
    while (count < keys.size() && bytes < KEY_BYTES_MAX) {
      bytes += keys.get(count).sizeBytes();
      count++;
    }
    return count;
  }

  @Override
  public @Nullable Version<StoredValue> get(Key key, Snapshot<StoredValue> snapshot) {
    if (expectedAt != snapshot.version() || !expected.containsKey(key)) {
      expect(List.of(key), snapshot);
    }
    return expected.get(key);
  }

  @Override
  public @Nullable Version<StoredValue> read(
      Key key, Snapshot<StoredValue> snapshot, ReadSet<StoredValue> reads) {
    Version<StoredValue> found = get(key, snapshot);
    reads.addItem(key);
    return found;
  }

  @Override
  public void scan(
      KeyInterval interval,
      @Nullable RowPredicate predicate,
      Wanted wanted,
      Snapshot<StoredValue> snapshot,
      ScanVisitor<StoredValue> visitor) {
    byte[] filter = predicate == null ? NO_FILTER : FilterCodec.encode(predicate.source());
    long version = snapshot.version();
    KeyInterval left = interval;
    while (left != null) {
      boolean keysOnly = wanted == Wanted.KEYS;
      Key next =
          switch (link.read(new RemoteQuestion.Range(version, left, filter, keysOnly))) {
            case RemoteAnswer.Found found -> {
              decoded(version, found).forEach(visitor::item);
              yield found.next();
            }
            case RemoteAnswer.Names(List<Key> keys, Key goOn) -> {
              keys.forEach(key -> visitor.item(key, Version.elsewhere(version, null, 0)));
              yield goOn;
            }
            case RemoteAnswer _ -> throw RemoteLink.notAnAnswer();
          };
      left = next == null ? null : new KeyInterval(next, interval.to());
    }
  }

  /** {@return what an answer says, in key order} */
  private Map<Key, Version<StoredValue>> decoded(long version, RemoteAnswer.Found answer) {
    Map<Key, Version<StoredValue>> found = new TreeMap<>();
    try {
      for (Mutation mutation : answer.mutations()) {
        switch (mutation) {
          case Mutation.PutRows(int id, ByteBuffer frame) -> addRows(found, version, id, frame);
          case Mutation.PutBatch(int id, String name, ByteBuffer frame) -> {
            Table table = table(id);
            StoredBatch batch = StoredBatch.borrow(batch(table, frame));
            found.put(table.key(name), Version.elsewhere(version, batch, 0));
          }
          case Mutation.CreateTable _, Mutation.DropTable _, Mutation.Delete _ ->
              throw RemoteLink.notAnAnswer();
        }
      }
      return found;
    } catch (CorruptFrameException e) {
      throw new UnavailableException("an answer was damaged on its way: " + e.getMessage(), e);
    }
  }

  private void addRows(
      Map<Key, Version<StoredValue>> found, long version, int tableId, ByteBuffer frame) {
    Table table = table(tableId);
    FrozenBatch rows = batch(table, frame);
    StoredBatch stored = StoredBatch.borrow(rows);
    int[] indexes = table.keyColumnIndexes();
    ColumnView[] columns = new ColumnView[indexes.length];
    for (int i = 0; i < columns.length; i++) {
      columns[i] = rows.column(indexes[i]);
    }
    for (int row = 0; row < rows.rowCount(); row++) {
      found.put(table.key(columns, row), Version.elsewhere(version, stored, row));
    }
  }

  @SuppressWarnings("MustBeClosedChecker") // moves into what the view owns
  private FrozenBatch batch(Table table, ByteBuffer frame) {
    FrozenBatch batch =
        ViewState.within(() -> BatchFrame.decode(table.batchSchema(), frame, memory.reads()));
    return batch.isNative() ? view.own(batch) : batch;
  }

  private Table table(int id) {
    Table table = catalog.byId(id);
    if (table == null) {
      throw RemoteLink.notAnAnswer();
    }
    return table;
  }
}
