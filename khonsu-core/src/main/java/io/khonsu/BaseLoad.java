package io.khonsu;

import io.khonsu.internal.arrow.BatchBuilder;
import io.khonsu.internal.arrow.BatchFrame;
import io.khonsu.internal.arrow.CorruptFrameException;
import io.khonsu.internal.arrow.FrozenBatch;
import io.khonsu.mvcc.Loading;
import io.khonsu.spi.DamagedStorageException;
import io.khonsu.spi.StateReceiver;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Puts a state into an empty buffer. Rows come one by one, in the order of their keys, and are
 * gathered into large batches, so that scans find them together.
 */
final class BaseLoad implements StateReceiver {
  private static final int BATCH_ROWS = 8_192;
  private static final long BATCH_BYTES = 4L << 20;

  private final Loading<StoredValue> loading;
  private final Catalog catalog;
  private final Recovery.TableMaker tables;
  private final OpeningProgress progress;
  private final Memory memory;
  private final long batchBytes;

  /** The table whose rows are being gathered, with their keys and versions. */
  private @Nullable Table table;

  private @Nullable BatchBuilder rows;
  private final byte[][] keys = new byte[BATCH_ROWS][];
  private final long[] versions = new long[BATCH_ROWS];
  private int count;
  private long bytes;

  BaseLoad(
      Loading<StoredValue> loading,
      Catalog catalog,
      Recovery.TableMaker tables,
      OpeningProgress progress,
      Memory memory) {
    this.loading = loading;
    this.catalog = catalog;
    this.tables = tables;
    this.progress = progress;
    this.memory = memory;
    this.batchBytes = Math.min(BATCH_BYTES, memory.batchBytesMax());
  }

  @Override
  public void table(int tableId, long version, TableSpec spec) throws DamagedStorageException {
    if (tableId <= Catalog.CATALOG_ID
        || catalog.byId(tableId) != null
        || catalog.find(spec.name()).isPresent()) {
      throw new DamagedStorageException(
          "table \"%s\" with number %d is there twice".formatted(spec.name(), tableId));
    }
    StoredTable definition = new StoredTable(tableId, spec);
    Table made = tables.make(definition);
    loading.add(made.catalogKey().toBytes(), definition, 0, version);
    catalog.add(made);
  }

  @Override
  public void item(int tableId, ByteBuffer key, long version, ByteBuffer frame)
      throws DamagedStorageException {
    Table owner = table;
    if (owner == null || owner.id() != tableId) {
      flush();
      owner = catalog.byId(tableId);
      if (owner == null) {
        throw new DamagedStorageException("there is no table with number " + tableId);
      }
      table = owner;
      rows = null;
    }
    progress.item();
    byte[] itemKey = owner.withPrefix(key);
    byte[] frameBytes = new byte[frame.remaining()];
    frame.get(frame.position(), frameBytes);
    try {
      if (owner.isRowTable()) {
        row(owner, itemKey, version, frameBytes);
      } else {
        batch(owner, itemKey, version, frameBytes);
      }
    } catch (CorruptFrameException e) {
      DamagedStorageException damage =
          new DamagedStorageException("%s cannot be read: %s".formatted(owner, e.getMessage()));
      damage.initCause(e);
      throw damage;
    }
  }

  private void row(Table owner, byte[] key, long version, byte[] frame)
      throws DamagedStorageException {
    FrozenBatch one = BatchFrame.onHeap(owner.batchSchema(), frame);
    if (one.rowCount() != 1) {
      throw new DamagedStorageException(
          "an item of %s has %d rows".formatted(owner, one.rowCount()));
    }
    BatchBuilder builder = rows;
    if (builder == null) {
      builder = new BatchBuilder(owner.batchSchema());
      rows = builder;
    }
    builder.append(one, 0, 1);
    keys[count] = key;
    versions[count] = version;
    count++;
    bytes += frame.length;
    if (count == BATCH_ROWS || bytes >= batchBytes) {
      flush();
    }
  }

  @SuppressWarnings("MustBeClosedChecker") // moves into the stored batch
  private void batch(Table owner, byte[] key, long version, byte[] frame) {
    memory.makeRoom(frame.length);
    FrozenBatch batch =
        ViewState.within(() -> BatchFrame.take(owner.batchSchema(), frame, memory.versions()));
    loading.add(key, memory.store(batch, 1), 0, version);
  }

  @SuppressWarnings("MustBeClosedChecker") // moves into the stored batch
  private void flush() {
    BatchBuilder gathered = rows;
    if (gathered != null && count > 0) {
      memory.makeRoom(bytes);
      FrozenBatch batch = ViewState.within(() -> gathered.freeze(memory.versions()));
      StoredBatch stored = memory.store(batch, count);
      for (int i = 0; i < count; i++) {
        loading.add(keys[i], stored, i, versions[i]);
      }
    }
    rows = null;
    Arrays.fill(keys, 0, count, null);
    count = 0;
    bytes = 0;
  }

  /** Makes all of it visible. */
  void finish(Extent extent) {
    flush();
    catalog.skipIds(extent.tableId());
    if (extent.version() > 0) {
      loading.finish(extent.version());
    }
  }
}
