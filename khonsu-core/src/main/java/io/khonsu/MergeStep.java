package io.khonsu;

import io.khonsu.internal.arrow.BatchBuilder;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.arrow.vector.types.FloatingPointPrecision;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.jspecify.annotations.Nullable;

/**
 * A {@link Merge} of one table: its operand is a value of its column.
 *
 * @param merge what was asked for
 * @param column the index of the column; -1 for a custom function
 * @param limit the greatest magnitude of a counter; negative if it has no such, or is none
 * @param operand of the column's Java type; for a custom function, that function
 */
record MergeStep(Merge merge, int column, long limit, Object operand) {
  private static final long UNBOUNDED = io.khonsu.mvcc.Merger.UNBOUNDED;

  /** Bound while a function of the user runs. */
  private static final ScopedValue<MergeFunction> RUNNING = ScopedValue.newInstance();

  /**
   * {@return the merge, checked against a table}
   *
   * @throws IllegalArgumentException if it does not suit the table, or there is no such function
   */
  static MergeStep of(Table table, Merge merge, Map<String, MergeFunction> functions) {
    if (merge.kind() == Merge.Kind.CUSTOM) {
      MergeFunction function = functions.get(merge.name());
      if (function == null) {
        throw new IllegalArgumentException(
            "there is no merge function \"%s\", but %s: set StoreConfig.mergeFunction"
                .formatted(merge.name(), functions.keySet()));
      }
      return new MergeStep(merge, -1, -1, function);
    }
    int column = table.shape().indexOf(merge.name());
    if (Arrays.stream(table.keyColumnIndexes()).anyMatch(key -> key == column)) {
      throw new IllegalArgumentException(
          "column \"%s\" is of the primary key of %s: it cannot be merged"
              .formatted(merge.name(), table));
    }
    checkType(table, merge, table.batchSchema().field(column));
    long limit = limit(table.batchSchema().field(column).getType());
    return new MergeStep(merge, column, limit, operand(table, merge, column));
  }

  private static void checkType(Table table, Merge merge, Field field) {
    ArrowType type = field.getType();
    boolean isNumber =
        type instanceof ArrowType.Int
            || type instanceof ArrowType.FloatingPoint
            || type instanceof ArrowType.Decimal;
    boolean isList = type instanceof ArrowType.List || type instanceof ArrowType.LargeList;
    boolean suits =
        switch (merge.kind()) {
          case ADD -> isNumber;
          case UNION -> isList;
          default -> !type.isComplex();
        };
    if (!suits) {
      throw new IllegalArgumentException(
          "%s does not suit column \"%s\" of %s, which is %s"
              .formatted(merge, field.getName(), table, type));
    }
  }

  private static long limit(ArrowType type) {
    return switch (type) {
      case ArrowType.Int whole when whole.getIsSigned() -> -1L >>> (65 - whole.getBitWidth());
      case ArrowType.FloatingPoint real ->
          real.getPrecision() == FloatingPointPrecision.HALF ? -1 : Long.MAX_VALUE;
      default -> -1;
    };
  }

  private static Object operand(Table table, Merge merge, int column) {
    if (merge.kind() == Merge.Kind.LATEST && merge.operands().getFirst() instanceof Row row) {
      Object value = row.valuesFor(table.shape())[column];
      if (value == null) {
        throw new IllegalArgumentException(
            "%s needs a value in column \"%s\"".formatted(merge, merge.name()));
      }
      return row.with(merge.name(), normal(table, column, value));
    }
    boolean isUnion = merge.kind() == Merge.Kind.UNION;
    return normal(table, column, isUnion ? merge.operands() : merge.operands().getFirst());
  }

  /** {@return a value as it would come back from a column} */
  private static Object normal(Table table, int column, Object value) {
    BatchBuilder one = new BatchBuilder(table.batchSchema().project(column));
    one.appendRow(value);
    Object normal = one.getObject(0, 0);
    if (normal == null) {
      throw new AssertionError("broken invariant: an operand is not null");
    }
    return normal;
  }

  /** Changes a row. */
  void apply(MergedRow row) {
    switch (merge.kind()) {
      case ADD -> set(row, current -> sum((Number) current, (Number) operand));
      case MAX -> set(row, current -> compare(operand, current) > 0 ? operand : current);
      case MIN -> set(row, current -> compare(operand, current) < 0 ? operand : current);
      case UNION -> set(row, current -> union((List<?>) current, (List<?>) operand));
      case LATEST -> applyLatest(row);
      case CUSTOM -> applyCustom(row);
    }
  }

  private void set(MergedRow row, java.util.function.UnaryOperator<Object> change) {
    Object current = row.get(column);
    row.set(column, current == null ? operand : change.apply(current));
  }

  private void applyLatest(MergedRow row) {
    @Nullable Object[] values = ((Row) operand).valuesFor(row.table().shape());
    Object current = row.get(column);
    Object later = values[column];
    if (current == null || (later != null && compare(later, current) >= 0)) {
      row.setAll(values);
    }
  }

  private void applyCustom(MergedRow row) {
    Optional<Row> current = row.exists() ? Optional.of(row.toRow()) : Optional.empty();
    MergeFunction function = (MergeFunction) operand;
    Row result =
        ScopedValue.where(RUNNING, function).call(() -> function.merge(current, merge.operands()));
    if (result == null) {
      throw new IllegalArgumentException("it returned null");
    }
    row.setAll(result.valuesFor(row.table().shape()));
  }

  /**
   * Checks that this thread may wait for a commit, of whatever store. A function that runs for one
   * holds up all others, so what it waited for would never come.
   *
   * @throws IllegalStateException if it is running such a function
   */
  static void checkMayWait() {
    if (RUNNING.isBound()) {
      throw new IllegalStateException(
          "a merge function called the store: all it may use are its arguments, so do that in the"
              + " transaction, and give the result to Merges.custom");
    }
  }

  private static Number sum(Number one, Number other) {
    if (one instanceof BigDecimal decimal) {
      return decimal.add((BigDecimal) other);
    }
    if (one instanceof Double || one instanceof Float) {
      double sum = one.doubleValue() + other.doubleValue();
      return one instanceof Float ? (Number) (float) sum : (Number) sum;
    }
    if (one instanceof BigInteger || other instanceof BigInteger) {
      return new BigInteger(one.toString()).add(new BigInteger(other.toString()));
    }
    return Math.addExact(one.longValue(), other.longValue());
  }

  /** Strings in the order of their code points, as keys are; both are of one column. */
  @SuppressWarnings({"unchecked", "rawtypes"}) // the types that are not complex are comparable
  private static int compare(Object one, Object other) {
    if (one instanceof String text) {
      return Arrays.compareUnsigned(bytes(text), bytes((String) other));
    }
    if (one instanceof byte[] bytes) {
      return Arrays.compareUnsigned(bytes, (byte[]) other);
    }
    if (one instanceof Comparable comparable) {
      return comparable.compareTo(other);
    }
    throw new IllegalArgumentException("values like " + one + " have no order");
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static List<@Nullable Object> union(List<?> current, List<?> added) {
    Set<@Nullable Object> all = new LinkedHashSet<>(current);
    all.addAll(added);
    return Collections.unmodifiableList(new ArrayList<>(all));
  }

  /** {@return what merges the same way, so that the weights of both can be added; or null} */
  boolean isLike(MergeStep other) {
    return merge.kind() == other.merge.kind() && column == other.column;
  }

  /**
   * {@return the weight, as {@link io.khonsu.mvcc.Merger#weigh} has it, of this merged into a row
   * that exists} A counter cannot overflow as long as the magnitudes of its value and of all that
   * was added do not.
   *
   * @param soFar the weight of what lies between, or negative if there is nothing
   * @param current the value of the column in the row, if {@code soFar} is negative
   */
  long weigh(long soFar, @Nullable Object current) {
    boolean isFixed = operand instanceof Number && !(operand instanceof BigInteger);
    return switch (merge.kind()) {
      case ADD -> weighSum(soFar, current);
      case MAX, MIN -> isFixed ? 0 : UNBOUNDED;
      case UNION, LATEST, CUSTOM -> UNBOUNDED;
    };
  }

  private long weighSum(long soFar, @Nullable Object current) {
    if (operand instanceof Double || operand instanceof Float) {
      return limit < 0 ? UNBOUNDED : 0;
    }
    long below = soFar >= 0 ? soFar : magnitude(current == null ? 0L : (Number) current);
    long added = magnitude((Number) operand);
    long sum = below + added; // negative if it overflows
    return below < 0 || added < 0 || sum < 0 || sum > limit ? UNBOUNDED : sum;
  }

  private static long magnitude(Number number) {
    long value = number.longValue();
    return value == Long.MIN_VALUE ? UNBOUNDED : Math.abs(value);
  }
}
