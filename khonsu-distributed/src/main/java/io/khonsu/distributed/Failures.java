package io.khonsu.distributed;

import org.jspecify.annotations.Nullable;

/** Several things that are all done, whether others of them fail or not. Not thread-safe. */
final class Failures {
  /** The first one; later ones are suppressed by it. */
  private @Nullable Throwable first;

  /** Begins without a failure. */
  Failures() {}

  /** Begins with one, which suppresses all others. */
  Failures(Throwable first) {
    this.first = first;
  }

  /** Does something, and notes if it fails. */
  void during(Runnable action) {
    try {
      action.run();
    } catch (RuntimeException | Error e) {
      note(e);
    }
  }

  @SuppressWarnings("ReferenceEquality") // nothing can suppress itself
  private void note(Throwable failure) {
    Throwable former = first;
    if (former == null) {
      first = failure;
    } else if (former != failure) {
      former.addSuppressed(failure);
    }
  }

  /** Throws the first failure, if there was one. */
  void rethrow() {
    switch (first) {
      case null -> {}
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      default -> throw new AssertionError("an action throws nothing checked", first);
    }
  }
}
