package io.khonsu;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.Collectors;

/**
 * An immutable set of adjacent primary keys of a row table.
 *
 * <p>A bound names values of all key columns or of the leading ones, in key order; a bound on
 * leading columns stands for all keys that begin with these values: {@code atMost(7)} contains
 * every key whose first column is 7 or less, {@code greaterThan(7)} those above 7. Values are of
 * the types that {@link Literal#of} takes. Whether they suit the key columns is checked where the
 * range meets a table.
 */
public sealed interface KeyRange {

  /** The keys from one bound to the other. */
  record Between(Bound lower, Bound upper) implements KeyRange {
    @Override
    public String toString() {
      String low =
          switch (lower) {
            case Bound.Unbounded() -> "";
            case Bound.Included(var values) -> tuple(values) + " <= ";
            case Bound.Excluded(var values) -> tuple(values) + " < ";
          };
      String high =
          switch (upper) {
            case Bound.Unbounded() -> "";
            case Bound.Included(var values) -> " <= " + tuple(values);
            case Bound.Excluded(var values) -> " < " + tuple(values);
          };
      return low.isEmpty() && high.isEmpty() ? "all keys" : low + "key" + high;
    }
  }

  /** The keys whose leading columns equal {@code values}; at least one. */
  record StartingWith(List<Literal> values) implements KeyRange {
    /** Checks and copies. */
    public StartingWith {
      values = some(values);
    }

    @Override
    public String toString() {
      return "key starting with " + tuple(values);
    }
  }

  /**
   * The keys whose leading columns equal all but the last of {@code values}, and whose next column
   * begins with the last one, where that is a string or binary; else equals it.
   */
  record Prefix(List<Literal> values) implements KeyRange {
    /** Checks and copies. */
    public Prefix {
      values = some(values);
    }

    @Override
    public String toString() {
      return "key with prefix " + tuple(values);
    }
  }

  /** The one key whose columns are {@code values}: as many as the key has columns. */
  record Single(List<Literal> values) implements KeyRange {
    /** Checks and copies. */
    public Single {
      values = some(values);
    }

    @Override
    public String toString() {
      return "key = " + tuple(values);
    }
  }

  /** One end of a range. */
  sealed interface Bound {
    /** No bound on this side. */
    record Unbounded() implements Bound {}

    /** The keys that begin with {@code values} belong to the range. */
    record Included(List<Literal> values) implements Bound {
      /** Checks and copies. */
      public Included {
        values = some(values);
      }
    }

    /** The keys that begin with {@code values} do not belong to the range. */
    record Excluded(List<Literal> values) implements Bound {
      /** Checks and copies. */
      public Excluded {
        values = some(values);
      }
    }
  }

  /** {@return every key} */
  static KeyRange all() {
    return new Between(new Bound.Unbounded(), new Bound.Unbounded());
  }

  /** {@return the keys that begin with {@code values}, and those above} */
  static KeyRange atLeast(Object... values) {
    return new Between(included(Arrays.asList(values)), new Bound.Unbounded());
  }

  /** {@return the keys above all that begin with {@code values}} */
  static KeyRange greaterThan(Object... values) {
    return new Between(excluded(Arrays.asList(values)), new Bound.Unbounded());
  }

  /** {@return the keys that begin with {@code values}, and those below} */
  static KeyRange atMost(Object... values) {
    return new Between(new Bound.Unbounded(), included(Arrays.asList(values)));
  }

  /** {@return the keys below all that begin with {@code values}} */
  static KeyRange lessThan(Object... values) {
    return new Between(new Bound.Unbounded(), excluded(Arrays.asList(values)));
  }

  /** {@return the keys from a value of the first column to another, both included} */
  static KeyRange closed(Object lower, Object upper) {
    return closed(Collections.singletonList(lower), Collections.singletonList(upper));
  }

  /** {@return the keys from one tuple of leading values to another, both included} */
  static KeyRange closed(List<?> lower, List<?> upper) {
    return new Between(included(lower), included(upper));
  }

  /** {@return the keys from a value of the first column, included, to another, excluded} */
  static KeyRange closedOpen(Object lower, Object upper) {
    return closedOpen(Collections.singletonList(lower), Collections.singletonList(upper));
  }

  /** {@return the keys from one tuple of leading values, included, to another, excluded} */
  static KeyRange closedOpen(List<?> lower, List<?> upper) {
    return new Between(included(lower), excluded(upper));
  }

  /** {@return the keys from a value of the first column, excluded, to another, included} */
  static KeyRange openClosed(Object lower, Object upper) {
    return openClosed(Collections.singletonList(lower), Collections.singletonList(upper));
  }

  /** {@return the keys from one tuple of leading values, excluded, to another, included} */
  static KeyRange openClosed(List<?> lower, List<?> upper) {
    return new Between(excluded(lower), included(upper));
  }

  /** {@return the keys between two values of the first column, both excluded} */
  static KeyRange open(Object lower, Object upper) {
    return open(Collections.singletonList(lower), Collections.singletonList(upper));
  }

  /** {@return the keys between two tuples of leading values, both excluded} */
  static KeyRange open(List<?> lower, List<?> upper) {
    return new Between(excluded(lower), excluded(upper));
  }

  /** {@return the one key with these values, one for each key column} */
  static KeyRange single(Object... values) {
    return new Single(Literal.listOf(Arrays.asList(values)));
  }

  /**
   * {@return the keys whose leading columns equal these values} A string must be equal as a whole;
   * see {@link #prefix}.
   */
  static KeyRange startingWith(Object... values) {
    return new StartingWith(Literal.listOf(Arrays.asList(values)));
  }

  /**
   * Returns the keys whose leading columns equal these values, where the last value, if it is a
   * string or binary, need only be the beginning of its column: {@code prefix("eu/")} contains
   * {@code "eu/1"}.
   */
  static KeyRange prefix(Object... values) {
    return new Prefix(Literal.listOf(Arrays.asList(values)));
  }

  private static Bound included(List<?> values) {
    return new Bound.Included(Literal.listOf(values));
  }

  private static Bound excluded(List<?> values) {
    return new Bound.Excluded(Literal.listOf(values));
  }

  private static List<Literal> some(List<Literal> values) {
    if (values.isEmpty()) {
      throw new IllegalArgumentException("a key range needs at least one value: use all()");
    }
    return List.copyOf(values);
  }

  private static String tuple(List<Literal> values) {
    return values.stream().map(Literal::toString).collect(Collectors.joining(", ", "(", ")"));
  }
}
