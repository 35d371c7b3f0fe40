package io.khonsu.internal.arrow;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.compare.Range;
import org.apache.arrow.vector.compare.RangeEqualsVisitor;
import org.apache.arrow.vector.complex.RunEndEncodedVector;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.jspecify.annotations.Nullable;

/** Comparisons by Arrow's own means, as far as they go. */
public final class VectorAssertions {
  private VectorAssertions() {}

  /** Checks that rows of two batches of one schema are equal. */
  public static void assertRows(
      VectorSchemaRoot actual, int from, VectorSchemaRoot expected, int expectedFrom, int count) {
    assertThat(actual.getSchema()).isEqualTo(expected.getSchema());
    for (FieldVector vector : expected.getFieldVectors()) {
      FieldVector other = actual.getVector(vector.getName());
      assertThat(other.getValueCount()).isEqualTo(actual.getRowCount());
      assertThat(areEqual(other, from, vector, expectedFrom, count))
          .as("%s rows %s..+%s", vector.getField(), expectedFrom, count)
          .isTrue();
    }
  }

  /** Arrow takes run-end-encoded rows for different ones where their runs end differently. */
  private static boolean areEqual(
      FieldVector actual, int from, FieldVector expected, int expectedFrom, int count) {
    if (holdsRuns(expected.getField()) && !(expected instanceof RunEndEncodedVector)) {
      return areEqualAsText(actual, from, expected, expectedFrom, count);
    }
    if (!(actual instanceof RunEndEncodedVector left)
        || !(expected instanceof RunEndEncodedVector right)) {
      return new RangeEqualsVisitor(actual, expected)
          .rangeEquals(new Range(from, expectedFrom, count));
    }
    RangeEqualsVisitor values =
        new RangeEqualsVisitor(left.getValuesVector(), right.getValuesVector());
    boolean equal = true;
    for (int row = 0; row < count; row++) {
      int leftRun = left.getPhysicalIndex(from + row);
      int rightRun = right.getPhysicalIndex(expectedFrom + row);
      equal &= values.rangeEquals(new Range(leftRun, rightRun, 1));
    }
    return equal;
  }

  private static boolean holdsRuns(Field field) {
    return field.getType() instanceof ArrowType.RunEndEncoded
        || field.getChildren().stream().anyMatch(VectorAssertions::holdsRuns);
  }

  private static boolean areEqualAsText(
      FieldVector actual, int from, FieldVector expected, int expectedFrom, int count) {
    boolean equal = true;
    for (int row = 0; row < count; row++) {
      String left = text(actual.getObject(from + row));
      equal &= left.equals(text(expected.getObject(expectedFrom + row)));
    }
    return equal;
  }

  /** {@return a value with all that is in it, bytes as well} */
  private static String text(@Nullable Object value) {
    return switch (value) {
      case byte[] bytes -> Arrays.toString(bytes);
      case List<?> list -> list.stream().map(VectorAssertions::text).toList().toString();
      case Map<?, ?> map ->
          map.entrySet().stream()
              .map(entry -> text(entry.getKey()) + "=" + text(entry.getValue()))
              .toList()
              .toString();
      case null, default -> String.valueOf(value);
    };
  }
}
