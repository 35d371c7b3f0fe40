package io.khonsu.internal.arrow;

import com.google.errorprone.annotations.MustBeClosed;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.FieldType;
import org.apache.arrow.vector.types.pojo.Schema;
import org.jspecify.annotations.Nullable;

/** Rows before and after beside each other, copied to the heap. Not thread-safe. */
public final class DiffBuilder {
  private final Shape shape;
  private final ColumnBuilder[] columns;
  private final Image before = new Image();
  private final Image after = new Image();
  private int rowCount;

  /** The columns of a diff of a table. */
  public static final class Shape {
    private final int[] keyColumns;

    /** Whether an item is a whole batch, whose name is no column of its own. */
    private final boolean isNamed;

    private final BatchSchema target;

    private Shape(List<Field> key, int[] keyColumns, boolean isNamed, List<Field> image) {
      this.keyColumns = keyColumns;
      this.isNamed = isNamed;
      List<Field> fields = new ArrayList<>(key);
      FieldType type =
          FieldType.nullable(isNamed ? ArrowType.List.INSTANCE : ArrowType.Struct.INSTANCE);
      fields.add(Field.notNullable(free("change", fields), ArrowType.Utf8.INSTANCE));
      fields.add(new Field(free("before", fields), type, image));
      fields.add(new Field(free("after", fields), type, image));
      this.target = BatchSchema.of(new Schema(fields));
    }

    /** {@return the columns for rows of {@code source} with a key in the given ones} */
    public static Shape ofRows(BatchSchema source, int... keyColumns) {
      List<Field> key = new ArrayList<>();
      for (int column : keyColumns) {
        key.add(source.field(column));
      }
      return new Shape(key, keyColumns.clone(), false, source.schema().getFields());
    }

    /** {@return the columns for whole batches of {@code source}, each with a name} */
    public static Shape ofBatches(BatchSchema source, Field name) {
      FieldType struct = FieldType.notNullable(ArrowType.Struct.INSTANCE);
      Field row = new Field("row", struct, source.schema().getFields());
      return new Shape(List.of(name), new int[0], true, List.of(row));
    }

    public Schema schema() {
      return target.schema();
    }

    private int keyCount() {
      return isNamed ? 1 : keyColumns.length;
    }

    private static String free(String name, List<Field> fields) {
      String free = name;
      while (isTaken(free, fields)) {
        free = "_" + free;
      }
      return free;
    }

    private static boolean isTaken(String name, List<Field> fields) {
      return fields.stream().anyMatch(field -> field.getName().equals(name));
    }
  }

  public DiffBuilder(Shape shape) {
    this.shape = shape;
    this.columns = new ColumnBuilder[shape.target.columnCount()];
    for (int i = 0; i < columns.length; i++) {
      columns[i] = ColumnBuilder.of(shape.target.layout(i));
    }
  }

  public int rowCount() {
    return rowCount;
  }

  /** Adds a row as it was and as it is, one of which may be null; the batches are borrowed. */
  public void addRow(
      String change,
      @Nullable FrozenBatch oldBatch,
      int oldRow,
      @Nullable FrozenBatch newBatch,
      int newRow) {
    int keys = shape.keyCount();
    Column old = before.of(oldBatch, shape.target.layout(keys + 1));
    Column young = after.of(newBatch, shape.target.layout(keys + 2));
    for (int i = 0; i < keys; i++) {
      Column source = young == null ? old : young;
      if (source != null) {
        columns[i].append(source.child(shape.keyColumns[i]), source == old ? oldRow : newRow, 1);
      }
    }
    addImages(change, old, oldRow, young, newRow);
  }

  /** Adds a batch as it was and as it is, one of which may be null; the batches are borrowed. */
  public void addBatch(
      String change, String name, @Nullable FrozenBatch oldBatch, @Nullable FrozenBatch newBatch) {
    Column old = listOfOne(before, oldBatch, shape.target.layout(2));
    Column young = listOfOne(after, newBatch, shape.target.layout(3));
    columns[0].appendObject(name);
    addImages(change, old, 0, young, 0);
  }

  private void addImages(
      String change, @Nullable Column old, int oldRow, @Nullable Column young, int newRow) {
    int keys = shape.keyCount();
    columns[keys].appendObject(change);
    append(columns[keys + 1], old, oldRow);
    append(columns[keys + 2], young, newRow);
    rowCount++;
  }

  private static @Nullable Column listOfOne(
      Image image, @Nullable FrozenBatch batch, Layout layout) {
    Column rows = image.of(batch, layout.child(0));
    if (rows == null) {
      return null;
    }
    byte[] offsets = new byte[2 * layout.width];
    LittleEndian.put(offsets, layout.width, layout.width, rows.length);
    MemorySegment[] buffers = {Column.NONE, MemorySegment.ofArray(offsets)};
    return Column.nested(layout, 1, 0, buffers, rows);
  }

  /** {@return the rows so far} */
  @MustBeClosed
  public VectorSchemaRoot toVectors(BufferAllocator allocator) {
    Column[] views = new Column[columns.length];
    for (int i = 0; i < views.length; i++) {
      views[i] = columns[i].view();
    }
    return VectorExport.copy(shape.target, views, rowCount, allocator);
  }

  private static void append(ColumnBuilder target, @Nullable Column image, int row) {
    if (image == null) {
      target.appendNulls(1);
    } else {
      target.append(image, row, 1);
    }
  }

  /** The batch that rows were last taken from, as one struct. */
  private static final class Image {
    private @Nullable FrozenBatch batch;
    private @Nullable Column column;

    @Nullable Column of(@Nullable FrozenBatch wanted, Layout layout) {
      if (wanted != null && wanted != batch) {
        MemorySegment[] noNulls = {Column.NONE};
        column = Column.nested(layout, wanted.rowCount(), 0, noNulls, wanted.nodes());
        batch = wanted;
      }
      return wanted == null ? null : column;
    }
  }
}
