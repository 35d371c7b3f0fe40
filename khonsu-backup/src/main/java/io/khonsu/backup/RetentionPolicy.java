package io.khonsu.backup;

import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What of an archive stays. Of every timeline the newest bases stay, and the log since the oldest
 * of those; what no timeline needs goes. With both a number and a span, what either asks for stays.
 *
 * @param keepBases how many bases stay, at least 1; or no matter how many
 * @param window the span back from the newest archived version whose states stay restorable; or no
 *     matter how long
 * @param objectGrace how old a file that no base names must be to go: younger ones may belong to a
 *     base that is being taken
 */
public record RetentionPolicy(
    OptionalInt keepBases, Optional<Duration> window, Duration objectGrace) {
  /** How old a file that no base names must be, if nothing else is said. */
  public static final Duration OBJECT_GRACE = Duration.ofHours(24);

  /** Checks the values. */
  public RetentionPolicy {
    if (keepBases.isEmpty() && window.isEmpty()) {
      throw new IllegalArgumentException("neither a number of bases nor a window is given");
    }
    if (keepBases.isPresent() && keepBases.getAsInt() < 1) {
      throw new IllegalArgumentException(
          "keepBases must be at least 1, but is " + keepBases.getAsInt());
    }
    if (window.isPresent() && window.get().isNegative()) {
      throw new IllegalArgumentException("window must not be negative, but is " + window.get());
    }
    if (objectGrace.isNegative()) {
      throw new IllegalArgumentException("objectGrace must not be negative, but is " + objectGrace);
    }
  }

  /** {@return a policy that keeps so many bases of each timeline} */
  public static RetentionPolicy ofBases(int count) {
    return new RetentionPolicy(OptionalInt.of(count), Optional.empty(), OBJECT_GRACE);
  }

  /** {@return a policy that keeps every state of the last so much time restorable} */
  public static RetentionPolicy ofWindow(Duration window) {
    return new RetentionPolicy(OptionalInt.empty(), Optional.of(window), OBJECT_GRACE);
  }
}
