package io.khonsu;

import io.khonsu.internal.arrow.BatchBuilder;
import io.khonsu.internal.arrow.BatchSchema;
import io.khonsu.internal.arrow.ColumnView;
import io.khonsu.internal.key.EncodedRange;
import io.khonsu.internal.key.KeyCodec;
import io.khonsu.mvcc.Key;
import io.khonsu.mvcc.KeyInterval;
import io.khonsu.mvcc.TxnBuffer;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.jspecify.annotations.Nullable;

/** A handle of a table in one store, valid until the table is dropped. Immutable, thread-safe. */
public final class Table {
  /** Every key begins with its table's number, big-endian, so that a table's keys are together. */
  static final int PREFIX_BYTES = Integer.BYTES;

  /** What a store may have stored under other settings: its own limit is checked when writing. */
  static final int KEY_BYTES_MAX = 64 << 10;

  /** The key of a batch table. */
  static final Field NAME = Field.notNullable("key", ArrowType.Utf8.INSTANCE);

  private final TxnBuffer<StoredValue> buffer;
  private final int id;
  private final byte[] prefix;
  private final TableSpec spec;
  private final BatchSchema schema;
  private final KeyCodec keys;
  private final int[] keyColumnIndexes;
  private final @Nullable KeyCodec rowKeys;
  private final Key catalogKey;
  private final RowShape shape;
  private volatile boolean dropped;

  Table(TxnBuffer<StoredValue> buffer, StoredTable definition, Key catalogKey) {
    this.buffer = buffer;
    this.id = definition.tableId();
    this.prefix = prefixOf(id);
    this.spec = definition.spec();
    this.catalogKey = catalogKey;
    this.schema = BatchSchema.of(spec.schema());
    boolean isRowTable = spec.kind() == TableSpec.Kind.ROWS;
    this.keys =
        isRowTable
            ? KeyCodec.of(spec.schema(), spec.keyColumns(), KEY_BYTES_MAX)
            : KeyCodec.of(new Schema(List.of(NAME)), List.of(NAME.getName()), KEY_BYTES_MAX);
    this.keyColumnIndexes = keys.columnIndexes();
    this.rowKeys =
        spec.rowKey()
            .map(key -> KeyCodec.of(spec.schema(), List.of(key), KEY_BYTES_MAX))
            .orElse(null);
    this.shape = new RowShape(spec.schema());
  }

  /** {@return the name} */
  public String name() {
    return spec.name();
  }

  /** {@return what the table is} */
  public TableSpec spec() {
    return spec;
  }

  /** {@return the columns} */
  public Schema schema() {
    return spec.schema();
  }

  /**
   * {@return a row of these values, one for each column in the order of the schema} Whether they
   * suit their columns is checked when the row is written.
   *
   * @param values natural Java values, as {@link Row} lists them
   * @throws IllegalArgumentException if there are more or fewer values than columns
   */
  public Row row(@Nullable Object... values) {
    return new Row(shape, values.clone());
  }

  int id() {
    return id;
  }

  BatchSchema batchSchema() {
    return schema;
  }

  RowShape shape() {
    return shape;
  }

  Key catalogKey() {
    return catalogKey;
  }

  boolean isRowTable() {
    return spec.kind() == TableSpec.Kind.ROWS;
  }

  /** Checks that every row of a batch has a value to recognise it by, if APPEND is to. */
  void checkRowKeys(BatchBuilder batch) {
    if (rowKeys != null) {
      ColumnView[] column = {batch.column(rowKeys.columnIndexes()[0])};
      for (int row = 0; row < batch.rowCount(); row++) {
        var _ = rowKeys.encode(column, row);
      }
    }
  }

  /** {@return the codec of a batch table's row key, or null if it has none} */
  @Nullable KeyCodec rowKeys() {
    return rowKeys;
  }

  /** {@return where the columns of the key are, in its order; nobody may change it} */
  int[] keyColumnIndexes() {
    return keyColumnIndexes;
  }

  boolean isIn(TxnBuffer<StoredValue> other) {
    return buffer == other;
  }

  boolean isDropped() {
    return dropped;
  }

  void setDropped(boolean value) {
    dropped = value;
  }

  Key key(ColumnView[] keyColumns, int row) {
    return buffer.key(keys.encode(prefix, keyColumns, row));
  }

  /** {@return the key of a row, which was not looked up} */
  Key newKey(ColumnView[] keyColumns, int row) {
    return Key.ofOwned(keys.encode(prefix, keyColumns, row));
  }

  Key key(@Nullable Object... values) {
    return buffer.key(keys.encode(prefix, values));
  }

  /**
   * {@return the key of encoded bytes without the table's number}
   *
   * @throws LimitExceededException if they are more than any key has
   */
  Key keyOfBody(byte[] body) {
    if (body.length > KEY_BYTES_MAX) {
      throw new LimitExceededException("a key", body.length, "keySizeMaxBytes", KEY_BYTES_MAX);
    }
    return buffer.key(withPrefix(body));
  }

  byte[] bodyOf(Key key) {
    byte[] bytes = key.toBytes();
    return Arrays.copyOfRange(bytes, PREFIX_BYTES, bytes.length);
  }

  /** {@return the natural Java values of a key, as of a batch table its name} */
  Object[] valuesOf(Key key) {
    return keys.decode(bodyOf(key));
  }

  String batchName(Key key) {
    return (String) valuesOf(key)[0];
  }

  String describe(Key key) {
    return keys.describe(bodyOf(key));
  }

  /** {@return the keys of a range, or null if it cannot contain any} */
  @Nullable KeyInterval interval(KeyRange range) {
    EncodedRange encoded = keys.compile(range);
    byte[] end = encoded.end();
    byte[] bound = end == null ? prefixOf(id + 1) : withPrefix(end);
    return encoded.isEmpty()
        ? null
        : new KeyInterval(Key.of(withPrefix(encoded.start())), Key.of(bound));
  }

  KeyInterval allKeys() {
    return new KeyInterval(Key.of(prefix), endOfKeys());
  }

  /** {@return the least key after those of the table} */
  Key endOfKeys() {
    return Key.of(prefixOf(id + 1));
  }

  static int tableIdOf(Key key) {
    return intAt(key, 0);
  }

  static int intAt(Key key, int offset) {
    int value = 0;
    for (int i = 0; i < Integer.BYTES; i++) {
      value = (value << 8) | (key.byteAt(offset + i) & 0xFF);
    }
    return value;
  }

  /** {@return the bytes of a key without the table's number, with it} */
  byte[] withPrefix(ByteBuffer body) {
    byte[] bytes = Arrays.copyOf(prefix, PREFIX_BYTES + body.remaining());
    body.get(body.position(), bytes, PREFIX_BYTES, body.remaining());
    return bytes;
  }

  private byte[] withPrefix(byte[] body) {
    byte[] bytes = Arrays.copyOf(prefix, PREFIX_BYTES + body.length);
    System.arraycopy(body, 0, bytes, PREFIX_BYTES, body.length);
    return bytes;
  }

  static byte[] prefixOf(int tableId) {
    return new byte[] {
      (byte) (tableId >>> 24), (byte) (tableId >>> 16), (byte) (tableId >>> 8), (byte) tableId
    };
  }

  @Override
  public String toString() {
    return "table \"" + name() + "\"";
  }
}
