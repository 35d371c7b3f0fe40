package io.khonsu.internal.arrow;

import static org.assertj.core.api.Assertions.assertThat;

import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.compare.Range;
import org.apache.arrow.vector.compare.RangeEqualsVisitor;

/** Comparisons by Arrow's own means. */
public final class VectorAssertions {
  private VectorAssertions() {}

  /** Checks that rows of two batches of one schema are equal. */
  public static void assertRows(
      VectorSchemaRoot actual, int from, VectorSchemaRoot expected, int expectedFrom, int count) {
    assertThat(actual.getSchema()).isEqualTo(expected.getSchema());
    for (FieldVector vector : expected.getFieldVectors()) {
      FieldVector other = actual.getVector(vector.getName());
      assertThat(other.getValueCount()).isEqualTo(actual.getRowCount());
      boolean equal =
          new RangeEqualsVisitor(other, vector).rangeEquals(new Range(from, expectedFrom, count));
      assertThat(equal).as("%s rows %s..+%s", vector.getField(), expectedFrom, count).isTrue();
    }
  }
}
