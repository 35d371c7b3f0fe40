package io.khonsu.internal.arrow;

import io.khonsu.UnsupportedColumnException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;

/** An Arrow schema compiled once into the physical layouts of its columns. Immutable. */
public final class BatchSchema {
  private final Schema schema;
  private final List<Layout> columns;
  private final Map<String, Integer> indexes;

  private BatchSchema(Schema schema, List<Layout> columns) {
    this.schema = schema;
    this.columns = List.copyOf(columns);
    this.indexes = new HashMap<>();
    for (int i = 0; i < columns.size(); i++) {
      Field field = columns.get(i).field;
      if (indexes.putIfAbsent(field.getName(), i) != null) {
        throw new UnsupportedColumnException(
            field.getName(), field.getType(), "its name is used twice");
      }
    }
  }

  /**
   * Compiles {@code schema}.
   *
   * @throws UnsupportedColumnException if a column cannot be stored; declare it differently
   */
  public static BatchSchema of(Schema schema) {
    List<Layout> columns = new ArrayList<>();
    for (Field field : schema.getFields()) {
      if (field.getName() == null) {
        throw new UnsupportedColumnException("", field.getType(), "it has no name");
      }
      columns.add(LayoutCompiler.compile(field));
      checkVectors(field);
    }
    return new BatchSchema(schema, columns);
  }

  /** {@return the schema of the given columns, in the given order, each at most once} */
  public BatchSchema project(int... columnIndexes) {
    List<Layout> chosen = new ArrayList<>();
    List<Field> fields = new ArrayList<>();
    for (int index : columnIndexes) {
      chosen.add(columns.get(index));
      fields.add(columns.get(index).field);
    }
    return new BatchSchema(new Schema(fields, schema.getCustomMetadata()), chosen);
  }

  public Schema schema() {
    return schema;
  }

  public int columnCount() {
    return columns.size();
  }

  public Field field(int column) {
    return columns.get(column).field;
  }

  /** {@return the index of the column with exactly this name} */
  public OptionalInt indexOf(String name) {
    Integer index = indexes.get(name);
    return index == null ? OptionalInt.empty() : OptionalInt.of(index);
  }

  /** {@return the buffers of all columns and their children, a view's data counted as one} */
  public int bufferCount() {
    return bufferCount(columns);
  }

  Layout layout(int column) {
    return columns.get(column);
  }

  List<Layout> layouts() {
    return columns;
  }

  @Override
  public String toString() {
    return schema.toString();
  }

  /** Makes an empty vector of the field: some nestings have a layout but no Java vector. */
  private static void checkVectors(Field field) {
    try (BufferAllocator allocator = new RootAllocator();
        FieldVector vector = field.createVector(allocator)) {
      var _ = vector.getField();
    } catch (RuntimeException e) {
      throw new UnsupportedColumnException(
          field.getName(),
          field.getType(),
          "Arrow's Java library cannot make a vector of it: " + e.getMessage());
    }
  }

  private static int bufferCount(List<Layout> layouts) {
    int count = 0;
    for (Layout layout : layouts) {
      count += layout.bufferCount() + bufferCount(layout.children);
    }
    return count;
  }
}
