package io.khonsu.durable;

import io.khonsu.TableSpec;
import io.khonsu.internal.arrow.BatchFrame;
import io.khonsu.internal.arrow.BatchSchema;
import io.khonsu.internal.arrow.ColumnView;
import io.khonsu.internal.arrow.CorruptFrameException;
import io.khonsu.internal.arrow.FrozenBatch;
import io.khonsu.internal.arrow.Gather;
import io.khonsu.internal.key.KeyCodec;
import io.khonsu.spi.DamagedStorageException;
import java.nio.ByteBuffer;
import java.util.List;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;

/** A table as the state knows it: how its items' keys are made, and its batches cut into rows. */
final class StateTable {
  private static final int KEY_BYTES_MAX = 64 << 10;
  private static final Schema BATCH_KEY =
      new Schema(List.of(Field.notNullable("key", ArrowType.Utf8.INSTANCE)));

  private final int id;
  private final TableSpec spec;
  private final byte[] prefix;
  private final BatchSchema schema;
  private final KeyCodec keys;

  StateTable(int id, TableSpec spec) {
    this.id = id;
    this.spec = spec;
    this.prefix = prefix(id);
    this.schema = BatchSchema.of(spec.schema());
    this.keys =
        spec.kind() == TableSpec.Kind.ROWS
            ? KeyCodec.of(spec.schema(), spec.keyColumns(), KEY_BYTES_MAX)
            : KeyCodec.of(BATCH_KEY, List.of("key"), KEY_BYTES_MAX);
  }

  TableSpec spec() {
    return spec;
  }

  /** {@return what the keys of a table's items begin with} */
  static byte[] prefix(int tableId) {
    return ByteBuffer.allocate(Integer.BYTES).putInt(tableId).array();
  }

  byte[] batchKey(String name) {
    return keys.encode(prefix, new Object[] {name});
  }

  /** {@return the key of an item from what follows the table's number in it} */
  byte[] key(ByteBuffer body) {
    return ByteBuffer.allocate(prefix.length + body.remaining())
        .put(prefix)
        .put(body.duplicate())
        .array();
  }

  /** Takes rows one by one. */
  @FunctionalInterface
  interface RowReceiver {
    /** A row's key, with the table's number, and its own frame. */
    void accept(byte[] key, byte[] frame);
  }

  /** Cuts a frame of rows into frames of one row each. */
  void eachRow(ByteBuffer frame, RowReceiver receiver) throws DamagedStorageException {
    byte[] bytes = bytes(frame);
    try {
      FrozenBatch batch = BatchFrame.onHeap(schema, bytes);
      ColumnView[] all = batch.columns();
      int[] indexes = keys.columnIndexes();
      ColumnView[] keyColumns = new ColumnView[indexes.length];
      for (int i = 0; i < indexes.length; i++) {
        keyColumns[i] = all[indexes[i]];
      }
      for (int row = 0; row < batch.rowCount(); row++) {
        byte[] key = keys.encode(prefix, keyColumns, row);
        receiver.accept(key, batch.rowCount() == 1 ? bytes : frameOf(batch, row));
      }
    } catch (CorruptFrameException | IllegalArgumentException e) {
      DamagedStorageException damage =
          new DamagedStorageException("rows of %s cannot be read: %s".formatted(this, e));
      damage.initCause(e);
      throw damage;
    }
  }

  private byte[] frameOf(FrozenBatch batch, int row) {
    return BatchFrame.encode(new Gather(schema).add(batch, row, 1));
  }

  static byte[] bytes(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.duplicate().get(bytes);
    return bytes;
  }

  @Override
  public String toString() {
    return "table \"%s\" (%d)".formatted(spec.name(), id);
  }
}
