package io.khonsu.simulation;

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

  static void check(boolean holds, String invariant, Object... details) {
    if (!holds) {
      StringBuilder text = new StringBuilder();
      for (Object detail : details) {
        text.append(text.isEmpty() ? "" : " ").append(detail);
      }
      throw new InvariantViolation(invariant, text.toString());
    }
  }
}
