package io.khonsu.backup;

import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What of an archive stays. Of every timeline the newest bases stay, and the log since the oldest
 * of those; what no timeline needs goes. If both a number and a span are given, what either asks
 * for stays. Immutable.
 */
public final class RetentionPolicy {
  /** How old a file that no base names must be to go, if nothing else is said. */
  public static final Duration OBJECT_GRACE = Duration.ofHours(24);

  private final @Nullable Integer keepBases;
  private final @Nullable Duration window;
  private final Duration objectGrace;

  private RetentionPolicy(
      @Nullable Integer keepBases, @Nullable Duration window, Duration objectGrace) {
    this.keepBases = keepBases;
    this.window = window;
    this.objectGrace = objectGrace;
  }

  /**
   * {@return a policy that keeps the newest bases of each timeline}
   *
   * @param count how many, at least 1
   */
  public static RetentionPolicy keepBases(int count) {
    return new RetentionPolicy(checked(count), null, OBJECT_GRACE);
  }

  /**
   * {@return a policy that keeps all states restorable that are not older than a span}
   *
   * @param window back from the newest archived version of each timeline
   */
  public static RetentionPolicy keepWindow(Duration window) {
    return new RetentionPolicy(null, checked("window", window), OBJECT_GRACE);
  }

  /** {@return this policy, keeping also the newest bases} as {@link #keepBases} does. */
  public RetentionPolicy andBases(int count) {
    return new RetentionPolicy(checked(count), window, objectGrace);
  }

  /**
   * {@return this policy with another age at which files go that no base names} Younger ones may
   * belong to a base that is being taken.
   */
  public RetentionPolicy withObjectGrace(Duration age) {
    return new RetentionPolicy(keepBases, window, checked("objectGrace", age));
  }

  private static int checked(int count) {
    if (count < 1) {
      throw new IllegalArgumentException("keepBases must be at least 1, but is " + count);
    }
    return count;
  }

  private static Duration checked(String name, Duration span) {
    if (Objects.requireNonNull(span, name).isNegative()) {
      throw new IllegalArgumentException(name + " must not be negative, but is " + span);
    }
    return span;
  }

  @Nullable Integer keepBases() {
    return keepBases;
  }

  @Nullable Duration window() {
    return window;
  }

  Duration objectGrace() {
    return objectGrace;
  }
}
