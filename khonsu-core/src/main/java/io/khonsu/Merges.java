package io.khonsu;

import java.util.Arrays;
import java.util.List;

/**
 * What can be merged into a row by {@link Transaction#merge}.
 *
 * <p>Where there is no such row, it comes into being with the operand in its column and nulls in
 * the others; where the column is null, it becomes the operand.
 */
public final class Merges {
  private Merges() {}

  /**
   * {@return the merge that adds a number to a numeric column}
   *
   * @param amount what to add, which may be negative: an integer for an integer column. What
   *     overflows the column fails with {@link MergeFailedException}
   */
  public static Merge add(String column, Number amount) {
    return new Merge(Merge.Kind.ADD, column, List.of(amount));
  }

  /** {@return the merge that leaves the greater of a column's value and {@code value}} */
  public static Merge max(String column, Object value) {
    return new Merge(Merge.Kind.MAX, column, List.of(value));
  }

  /** {@return the merge that leaves the lesser of a column's value and {@code value}} */
  public static Merge min(String column, Object value) {
    return new Merge(Merge.Kind.MIN, column, List.of(value));
  }

  /** {@return the merge that adds to a list column those elements that it does not hold yet} */
  public static Merge union(String column, Object... elements) {
    return new Merge(Merge.Kind.UNION, column, Arrays.asList(elements));
  }

  /**
   * {@return the merge that leaves the later of two whole rows: with the greater value in a column;
   * of equal ones that which is merged later}
   *
   * @param column names the column, which is not null in {@code row}
   * @param row its primary key need not be set
   */
  public static Merge latest(String column, Row row) {
    return new Merge(Merge.Kind.LATEST, column, List.of(row));
  }

  /**
   * {@return the merge by a function of one's own}
   *
   * @param name what it was called by {@link StoreConfig.Builder#mergeFunction}
   * @param operands immutable
   */
  public static Merge custom(String name, Object... operands) {
    return new Merge(Merge.Kind.CUSTOM, name, Arrays.asList(operands));
  }
}
