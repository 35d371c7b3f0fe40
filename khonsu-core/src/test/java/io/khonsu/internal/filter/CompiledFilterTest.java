package io.khonsu.internal.filter;

import static io.khonsu.RowFilter.column;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.khonsu.RowFilter;
import io.khonsu.internal.key.CellBatch;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.arrow.vector.types.FloatingPointPrecision;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Examples, truth tables and refusals of filters on rows. */
class CompiledFilterTest {
  private static final Field V = Field.nullable("v", new ArrowType.Int(32, true));
  private static final Field U = Field.nullable("u", new ArrowType.Int(64, false));
  private static final Field D =
      Field.nullable("d", new ArrowType.FloatingPoint(FloatingPointPrecision.DOUBLE));
  private static final Field S = Field.nullable("s", new ArrowType.Utf8());
  private static final Field L = Field.nullable("l", new ArrowType.Struct());

  /** v is true in row 0, false in row 1, unknown in row 2, where it is compared with 1. */
  private static final List<@Nullable Object[]> THREE =
      List.of(new Object[] {1L}, new Object[] {0L}, new @Nullable Object[] {null});

  private static List<Integer> matches(
      RowFilter filter, Field field, List<@Nullable Object[]> rows) {
    try (CellBatch batch = new CellBatch(List.of(field), rows)) {
      CompiledFilter compiled = CompiledFilter.compile(filter, batch.schema());
      return IntStream.range(0, rows.size())
          .filter(row -> compiled.test(batch.columns(), row))
          .boxed()
          .toList();
    }
  }

  @Test
  void connectives_followKleenesTables() {
    Field w = Field.nullable("w", V.getType());
    List<@Nullable Object[]> rows = new ArrayList<>();
    @Nullable Long[] values = {1L, 0L, null};
    for (Long v : values) {
      for (Long u : values) {
        rows.add(new @Nullable Object[] {v, u});
      }
    }
    RowFilter a = column("v").eq(1);
    RowFilter b = column("w").eq(1);
    try (CellBatch batch = new CellBatch(List.of(V, w), rows)) {
      String[] expected = {
        table(batch, a.and(b)), "T.. ... ...",
        table(batch, a.and(b).not()), ".T. TTT .T.",
        table(batch, a.or(b)), "TTT T.. T..",
        table(batch, a.or(b).not()), "... .T. ...",
        table(batch, a), "TTT ... ...",
        table(batch, a.not()), "... TTT ...",
      };
      for (int i = 0; i < expected.length; i += 2) {
        assertThat(expected[i]).as("table %d", i / 2).isEqualTo(expected[i + 1]);
      }
    }
  }

  /** Rows of the table: v true, false, unknown; columns: w likewise. */
  private static String table(CellBatch batch, RowFilter filter) {
    CompiledFilter compiled = CompiledFilter.compile(filter, batch.schema());
    StringBuilder result = new StringBuilder();
    for (int row = 0; row < 9; row++) {
      result.append(row > 0 && row % 3 == 0 ? " " : "");
      result.append(compiled.test(batch.columns(), row) ? 'T' : '.');
    }
    return result.toString();
  }

  @Test
  void nullTests_areNeverUnknown() {
    assertThat(matches(column("v").isNull(), V, THREE)).containsExactly(2);
    assertThat(matches(column("v").isNotNull(), V, THREE)).containsExactly(0, 1);
    assertThat(matches(column("v").in(), V, THREE)).isEmpty();
    assertThat(matches(column("v").in().not(), V, THREE)).containsExactly(0, 1, 2);
    assertThat(matches(column("v").in(0, 5).not(), V, THREE)).containsExactly(0);
    assertThat(matches(RowFilter.all(), V, THREE)).containsExactly(0, 1, 2);
    assertThat(matches(RowFilter.anyOf(List.of()), V, THREE)).isEmpty();
  }

  @Test
  void remainder_hasTheSignOfTheDividend() {
    List<@Nullable Object[]> rows = cells(-4L, -3L, 0L, 2L, 3L, null);
    assertThat(matches(column("v").mod(3).eq(0), V, rows)).containsExactly(1, 2, 4);
    assertThat(matches(column("v").mod(3).lessThan(0), V, rows)).containsExactly(0);
    assertThat(matches(column("v").mod(3).in(2, -1), V, rows)).containsExactly(0, 3);
    List<@Nullable Object[]> unsigned = cells(-1L, Long.MIN_VALUE); // 2^64-1 and 2^63
    assertThat(matches(column("u").mod(10).eq(5), U, unsigned)).containsExactly(0);
    assertThat(matches(column("u").greaterThan(Long.MAX_VALUE), U, unsigned)).containsExactly(0, 1);
  }

  @Test
  void floats_haveOneZero_andNanAboveAll() {
    List<@Nullable Object[]> rows = cells(-0.0, 0.0, Double.NaN, Double.POSITIVE_INFINITY);
    assertThat(matches(column("d").eq(0), D, rows)).containsExactly(0, 1);
    assertThat(matches(column("d").eq(Double.NaN), D, rows)).containsExactly(2);
    assertThat(matches(column("d").greaterThan(Double.POSITIVE_INFINITY), D, rows))
        .containsExactly(2);
    assertThat(matches(column("d").lessThan(-0.0), D, rows)).isEmpty();
    assertThat(matches(column("d").atMost(0.5), D, rows)).containsExactly(0, 1);
  }

  @Test
  void extremes_haveNothingBeyond() {
    List<@Nullable Object[]> rows = cells((long) Integer.MIN_VALUE, (long) Integer.MAX_VALUE);
    assertThat(matches(column("v").lessThan(Integer.MIN_VALUE), V, rows)).isEmpty();
    assertThat(matches(column("v").greaterThan(Integer.MAX_VALUE), V, rows)).isEmpty();
    assertThat(matches(column("v").atMost(Integer.MAX_VALUE), V, rows)).containsExactly(0, 1);
    assertThat(matches(column("u").lessThan(0), U, cells(0L))).isEmpty();
  }

  private static List<@Nullable Object[]> cells(@Nullable Object... cells) {
    List<@Nullable Object[]> rows = new ArrayList<>();
    for (Object cell : cells) {
      rows.add(new @Nullable Object[] {cell});
    }
    return rows;
  }

  @Test
  void columnIndexes_areThoseLookedAt() {
    RowFilter filter = column("s").isNull().or(column("v").eq(1)).or(column("s").eq("x"));
    assertThat(CompiledFilter.compile(filter, new Schema(List.of(V, U, D, S))).columnIndexes())
        .containsExactly(0, 3);
  }

  @Test
  void compile_ofUnsuitableFilters_namesColumnTypeAndConstant() {
    refuses(column("nope").eq(1), "column \"nope\" is not among the columns [v, u, d, s, l]");
    refuses(column("v").eq("x"), "column \"v\" of type Int(32, true)");
    refuses(column("v").eq("x"), "not String \"x\"");
    refuses(column("v").in(1, 1.5), "not Double 1.5");
    refuses(column("u").atLeast(-1), "not Long -1");
    refuses(
        column("d").eq(true), "\"d\" of type FloatingPoint(DOUBLE) takes a number, not Boolean");
    refuses(column("s").eq(1), "takes a String, not Long 1");
    refuses(column("l").eq(1), "column \"l\" of type Struct cannot be compared");
    refuses(
        column("v").startsWith("x"), "cannot start with \"x\": it is neither string nor binary");
    refuses(column("s").startsWith(1), "takes a String, not Long 1");
    refuses(column("s").mod(3).eq(1), "\"s\" of type Utf8 has no remainder");
    refuses(column("d").mod(3).in(1), "has no remainder");
    refuses(column("v").mod(3).eq("x"), "a remainder of column \"v\"");
    refuses(column("s").eq("x".repeat(RowFilter.SIZE_MAX_BYTES)), "65536 bytes");
    CompiledFilter.compile(column("l").isNull(), new Schema(List.of(L)));
  }

  private static void refuses(RowFilter filter, String message) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> CompiledFilter.compile(filter, new Schema(List.of(V, U, D, S, L))))
        .withMessageContaining(message);
  }
}
