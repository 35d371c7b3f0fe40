package io.khonsu.simulation;

import java.util.StringJoiner;

/** Something happened that must never happen. */
final class InvariantViolation extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final String invariant;

  /**
   * Creates a violation.
   *
   * @param invariant which rule, by its short name
   * @param details what was seen
   */
  InvariantViolation(String invariant, String details) {
    super(invariant + ": " + details);
    this.invariant = invariant;
  }

  String invariant() {
    return invariant;
  }

  /** {@return a violation whose details are these, side by side} */
  static InvariantViolation violation(String invariant, Object... details) {
    StringJoiner text = new StringJoiner(" ");
    for (Object detail : details) {
      text.add(String.valueOf(detail));
    }
    return new InvariantViolation(invariant, text.toString());
  }
}
