package io.khonsu;

import java.time.Duration;
import java.util.Objects;

/**
 * When a commit to a durable store returns, and so what it can lose. Whatever is lost is the newest
 * commits, each whole; what is left is a prefix of all commits.
 *
 * <table>
 * <caption>What can be lost of the commits that have returned</caption>
 * <tr><th></th><th>the process is killed</th><th>the machine loses power</th></tr>
 * <tr><td>SYNC</td><td>nothing</td><td>nothing</td></tr>
 * <tr><td>ASYNC(d)</td><td>nothing</td><td>those of the last <em>d</em>, and of the time that one
 * sync takes</td></tr>
 * <tr><td>NONE</td><td>nothing</td><td>no promise: what was not yet synced in the background, usually
 * the last seconds; not what came before {@link io.khonsu.durable.DurableStorage#sync}</td></tr>
 * </table>
 *
 * <p>A disk that acknowledges a sync before the data is safe can lose more under each of them. If a
 * sync fails, the store stops, and the commits that waited for it are unknown.
 *
 * @param mode when a commit returns
 * @param maxDelay the longest time that a commit stays unsynced in ASYNC mode; zero in the others
 */
public record Durability(Mode mode, Duration maxDelay) {
  /** A commit returns when it survives a power failure. The default. */
  public static final Durability SYNC = new Durability(Mode.SYNC, Duration.ZERO);

  /** A commit returns when it survives the end of the process; there is no promise beyond. */
  public static final Durability NONE = new Durability(Mode.NONE, Duration.ZERO);

  private static final Duration DELAY_MAX = Duration.ofHours(1);

  /** When a commit returns. */
  public enum Mode {
    /** When its part of the log was synced. */
    SYNC,
    /** When it was written to the log, which is synced soon. */
    ASYNC,
    /** When it was written to the log, which is synced at some time, and when it is closed. */
    NONE
  }

  /**
   * Checks that the two fit.
   *
   * @throws IllegalArgumentException if ASYNC has no delay from 1 ms to 1 hour, or another has one
   */
  public Durability {
    Objects.requireNonNull(mode, "mode");
    boolean isDelay =
        maxDelay.compareTo(Duration.ofMillis(1)) >= 0 && maxDelay.compareTo(DELAY_MAX) <= 0;
    if (mode == Mode.ASYNC ? !isDelay : !maxDelay.isZero()) {
      throw new IllegalArgumentException(
          "maxDelay of %s must be %s, but is %s"
              .formatted(mode, mode == Mode.ASYNC ? "1 ms to 1 hour" : "zero", maxDelay));
    }
  }

  /**
   * {@return the mode in which a commit returns when it survives the end of the process, and
   * survives a power failure at most so much later}
   *
   * @param maxDelay 1 millisecond to 1 hour
   */
  public static Durability async(Duration maxDelay) {
    return new Durability(Mode.ASYNC, maxDelay);
  }

  /** {@return the mode that {@link #toString} printed} */
  static Durability parse(String text) {
    if (text.startsWith("ASYNC(") && text.endsWith(")")) {
      return async(Duration.parse(text.substring("ASYNC(".length(), text.length() - 1)));
    }
    return new Durability(Mode.valueOf(text), Duration.ZERO);
  }

  @Override
  public String toString() {
    return mode == Mode.ASYNC ? "ASYNC(" + maxDelay + ")" : mode.toString();
  }
}
