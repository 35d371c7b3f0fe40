package io.khonsu.internal.arrow;

import io.khonsu.InvalidBatchException;
import java.util.List;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.dictionary.Dictionary;
import org.apache.arrow.vector.dictionary.DictionaryProvider;
import org.apache.arrow.vector.types.UnionMode;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.FieldType;
import org.jspecify.annotations.Nullable;

/**
 * The check of a batch from outside: that it has its table's schema, and that every offset, size,
 * type id, view, run end, dictionary index and string in it is valid, so that nothing has to be
 * checked again. Malformed content never makes it read outside the buffers of the batch.
 *
 * <p>Of the schema, names, types and nullability must be equal, except the names of the children of
 * lists, maps and run-end encoded fields, which every producer chooses differently.
 */
public final class BatchValidator {
  private BatchValidator() {}

  /**
   * Checks all rows of {@code root}, which is borrowed.
   *
   * @param dictionaries borrowed; null if nothing is dictionary-encoded
   * @throws InvalidBatchException naming the first fault by column and row
   */
  public static void check(
      BatchSchema schema, VectorSchemaRoot root, @Nullable DictionaryProvider dictionaries) {
    var _ = validColumns(schema, root, dictionaries);
  }

  /** {@return the columns of a batch that passed the check; as borrowed as {@code root}} */
  static Column[] validColumns(
      BatchSchema schema, VectorSchemaRoot root, @Nullable DictionaryProvider dictionaries) {
    checkNames(schema, root.getSchema().getFields());
    List<FieldVector> vectors = root.getFieldVectors();
    if (vectors.size() != schema.columnCount()) {
      throw new InvalidBatchException(
          "the batch has " + vectors.size() + " vectors, not " + schema.columnCount());
    }
    Column[] columns = new Column[vectors.size()];
    VectorColumns reader = new VectorColumns(dictionaries);
    for (int i = 0; i < columns.length; i++) {
      Layout layout = schema.layout(i);
      FieldVector vector = vectors.get(i);
      Field declared = root.getSchema().getFields().get(i);
      Comparison comparison = new Comparison(dictionaries);
      comparison.check(layout.path, layout.field, declared, 0);
      if (!declared.equals(vector.getField())) {
        comparison.check(layout.path, layout.field, vector.getField(), 0);
      }
      if (vector.getValueCount() != root.getRowCount()) {
        throw new InvalidBatchException(
            "column '"
                + layout.path
                + "' has "
                + vector.getValueCount()
                + " rows, the batch "
                + root.getRowCount());
      }
      columns[i] = reader.of(vector, layout);
    }
    ColumnChecks.check(columns);
    return columns;
  }

  private static void checkNames(BatchSchema schema, List<Field> fields) {
    for (int i = 0; i < Math.max(fields.size(), schema.columnCount()); i++) {
      if (i >= fields.size()) {
        throw new InvalidBatchException(
            "the batch has no column '" + schema.field(i).getName() + "'");
      }
      if (i >= schema.columnCount()) {
        throw new InvalidBatchException(
            "the table has no column '" + fields.get(i).getName() + "'");
      }
      if (!schema.field(i).getName().equals(fields.get(i).getName())) {
        throw new InvalidBatchException(
            "column "
                + i
                + " of the batch is '"
                + fields.get(i).getName()
                + "', of the table '"
                + schema.field(i).getName()
                + "'");
      }
    }
  }

  /** The comparison of a field with the one that the table declares. */
  private record Comparison(@Nullable DictionaryProvider dictionaries) {
    private static final int DEPTH_MAX = 64;

    void check(String path, Field expected, Field actual, int depth) {
      if (depth > DEPTH_MAX) {
        throw new InvalidBatchException("column '" + path + "' is nested deeper than " + DEPTH_MAX);
      }
      if (expected.isNullable() != actual.isNullable()) {
        throw new InvalidBatchException(
            "column '"
                + path
                + "' is "
                + (actual.isNullable() ? "nullable" : "not nullable")
                + " in the batch, but "
                + (expected.isNullable() ? "nullable" : "not nullable")
                + " in the table");
      }
      if (actual.getDictionary() != null) {
        checkValues(path, expected, actual, depth);
        return;
      }
      if (!sameType(expected.getType(), actual.getType())
          || expected.getChildren().size() != actual.getChildren().size()) {
        throw new InvalidBatchException(
            "column '"
                + path
                + "' has type "
                + actual.getType()
                + " in the batch, "
                + expected.getType()
                + " in the table");
      }
      for (int i = 0; i < expected.getChildren().size(); i++) {
        Field child = expected.getChildren().get(i);
        Field other = actual.getChildren().get(i);
        if (namesMatter(expected.getType()) && !child.getName().equals(other.getName())) {
          throw new InvalidBatchException(
              "column '"
                  + path
                  + "' has a field '"
                  + other.getName()
                  + "' in the batch, '"
                  + child.getName()
                  + "' in the table");
        }
        check(path + "." + child.getName(), child, other, depth + 1);
      }
    }

    private void checkValues(String path, Field expected, Field actual, int depth) {
      if (!(actual.getType() instanceof ArrowType.Int)) {
        throw new InvalidBatchException(
            "column '" + path + "' has dictionary indexes of type " + actual.getType());
      }
      long id = actual.getDictionary().getId();
      Dictionary dictionary = dictionaries == null ? null : dictionaries.lookup(id);
      if (dictionary == null) {
        throw new InvalidBatchException(
            "column '" + path + "' is encoded by dictionary " + id + ", which was not given");
      }
      Field values = dictionary.getVector().getField();
      Field aligned =
          new Field(
              values.getName(),
              new FieldType(expected.isNullable(), values.getType(), values.getDictionary()),
              values.getChildren());
      check(path, expected, aligned, depth + 1);
    }

    private static boolean namesMatter(ArrowType type) {
      return type instanceof ArrowType.Struct || type instanceof ArrowType.Union;
    }

    private static boolean sameType(ArrowType expected, ArrowType actual) {
      // A sparse union vector always names the ids of its own choice.
      if (expected instanceof ArrowType.Union union
          && actual instanceof ArrowType.Union other
          && union.getMode() == UnionMode.Sparse) {
        return other.getMode() == UnionMode.Sparse;
      }
      return expected.equals(actual);
    }
  }
}
