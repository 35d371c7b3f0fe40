package io.khonsu.testkit.scenario;

/**
 * What a scan selects. The family is closed and small, so that a store can map each case to its own
 * ranges and filters; {@code toString} is the notation of the scripts, which {@link #parse} reads.
 */
public sealed interface ScenarioPredicate {

  /** {@return whether the row ({@code key}, {@code value}) is selected} */
  boolean matches(String key, long value);

  /** Every row. */
  record All() implements ScenarioPredicate {
    @Override
    public boolean matches(String key, long value) {
      return true;
    }

    @Override
    public String toString() {
      return "all";
    }
  }

  /** Rows whose value is {@code operand}. */
  record ValueEquals(long operand) implements ScenarioPredicate {
    @Override
    public boolean matches(String key, long value) {
      return value == operand;
    }

    @Override
    public String toString() {
      return "value = " + operand;
    }
  }

  /** Rows whose value is a multiple of {@code divisor}. */
  record ValueMultipleOf(long divisor) implements ScenarioPredicate {
    @Override
    public boolean matches(String key, long value) {
      return value % divisor == 0;
    }

    @Override
    public String toString() {
      return "value mod " + divisor + " = 0";
    }
  }

  /** Rows whose value is below {@code bound}. */
  record ValueLessThan(long bound) implements ScenarioPredicate {
    @Override
    public boolean matches(String key, long value) {
      return value < bound;
    }

    @Override
    public String toString() {
      return "value < " + bound;
    }
  }

  /** Rows whose key starts with {@code prefix}. */
  record KeyPrefix(String prefix) implements ScenarioPredicate {
    @Override
    public boolean matches(String key, long value) {
      return key.startsWith(prefix);
    }

    @Override
    public String toString() {
      return "keys " + prefix + "*";
    }
  }

  /** Rows whose key starts with {@code prefix} and whose value is {@code operand}. */
  record KeyPrefixAndValueEquals(String prefix, long operand) implements ScenarioPredicate {
    @Override
    public boolean matches(String key, long value) {
      return key.startsWith(prefix) && value == operand;
    }

    @Override
    public String toString() {
      return "keys " + prefix + "* with value = " + operand;
    }
  }

  /** Rows whose key is at or after {@code start} and before {@code end}. */
  record KeyRange(String start, String end) implements ScenarioPredicate {
    @Override
    public boolean matches(String key, long value) {
      return key.compareTo(start) >= 0 && key.compareTo(end) < 0;
    }

    @Override
    public String toString() {
      return "keys [" + start + "," + end + ")";
    }
  }

  /** {@return the predicate that {@code text} writes} */
  static ScenarioPredicate parse(String text) {
    return PredicateParser.parse(text);
  }
}
