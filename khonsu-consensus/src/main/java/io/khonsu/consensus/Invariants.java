package io.khonsu.consensus;

import org.jspecify.annotations.Nullable;

/**
 * Checks of this module's own promises, always on: a failure is a defect here, never a caller's,
 * and the replica must not go on.
 */
final class Invariants {
  private Invariants() {}

  /** Throws if {@code condition} does not hold. */
  static void check(boolean condition, String promise) {
    if (!condition) {
      throw new AssertionError("broken invariant: " + promise);
    }
  }

  /** {@return {@code value}, which must not be null} */
  static <T> T present(@Nullable T value, String promise) {
    if (value == null) {
      throw new AssertionError("broken invariant: " + promise);
    }
    return value;
  }
}
