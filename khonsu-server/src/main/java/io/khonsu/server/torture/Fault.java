package io.khonsu.server.torture;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.random.RandomGenerator;

/**
 * Something that is done to a cluster for a while.
 *
 * @param kind what
 * @param follower to which of the followers, if to one: the first or second after the leader
 * @param duration how long it lasts
 * @param pause how long the cluster is left alone after it has come back
 * @param skew how far a clock is ahead, or behind if negative; zero if none is wrong
 */
record Fault(Kind kind, int follower, Duration duration, Duration pause, Duration skew) {
  private static final int PAUSE_MILLIS_MAX = 1_500;
  private static final double SKEW_MILLIS_LEAST = 1_000;
  private static final double SKEW_MILLIS_MOST = 12 * 3_600_000;

  /** What can be done. */
  enum Kind {
    KILL_LEADER(FaultFamily.KILL, "kill -9 of the leader", 1_000),
    KILL_FOLLOWER(FaultFamily.KILL, "kill -9 of a follower", 1_000),
    KILL_ALL(FaultFamily.KILL, "kill -9 of all nodes", 1),
    PAUSE_LEADER(FaultFamily.PAUSE, "the leader stands still", 3_000),
    PAUSE_FOLLOWER(FaultFamily.PAUSE, "a follower stands still", 3_000),
    ISOLATE_LEADER(FaultFamily.LINK, "nobody hears the leader, nor it them", 3_000),
    CHAIN(FaultFamily.LINK, "leader and a follower are cut off from each other", 3_000),
    DROP_FROM_LEADER(FaultFamily.LINK, "what the leader sends a follower is lost", 3_000),
    DROP_TO_LEADER(FaultFamily.LINK, "what a follower sends the leader is lost", 3_000),
    SLOW_LINK(FaultFamily.LINK, "what the leader sends a follower is slow", 3_000),
    STALLED_LINK(FaultFamily.LINK, "what the leader sends a follower gets stuck", 3_000),
    RESET_LINK(FaultFamily.LINK, "connections from the leader to a follower end", 500),
    CLOCK_OF_LEADER(FaultFamily.CLOCK, "the leader's clock is wrong", 3_000),
    CLOCK_OF_FOLLOWER(FaultFamily.CLOCK, "a follower's clock is wrong", 3_000),
    FULL_DISK_OF_LEADER(FaultFamily.FULL_DISK, "the leader's disk is full", 1_000),
    FULL_DISK_OF_FOLLOWER(FaultFamily.FULL_DISK, "a follower's disk is full", 1_000),
    POWER_LOSS_OF_LEADER(FaultFamily.POWER_LOSS, "the leader loses its power", 1_000),
    POWER_LOSS_OF_FOLLOWER(FaultFamily.POWER_LOSS, "a follower loses its power", 1_000),
    POWER_LOSS_OF_ALL(FaultFamily.POWER_LOSS, "all nodes lose their power", 1);

    private final FaultFamily family;
    private final String what;
    private final int millisMax;

    Kind(FaultFamily family, String what, int millisMax) {
      this.family = family;
      this.what = what;
      this.millisMax = millisMax;
    }

    /** {@return a description} */
    String what() {
      return what;
    }

    /** {@return whether one node, or one link, is hurt: then service must soon be back} */
    boolean isSingle() {
      return this != KILL_ALL && this != POWER_LOSS_OF_ALL;
    }
  }

  /** {@return the next of a sequence of faults of some families} */
  static Fault draw(RandomGenerator random, Set<FaultFamily> families) {
    List<Kind> kinds =
        Arrays.stream(Kind.values()).filter(kind -> families.contains(kind.family)).toList();
    Kind kind = kinds.get(random.nextInt(kinds.size()));
    int most = kind.millisMax;
    return new Fault(
        kind,
        1 + random.nextInt(2),
        Duration.ofMillis(random.nextInt(most / 3, most + 1)),
        Duration.ofMillis(random.nextInt(PAUSE_MILLIS_MAX / 3, PAUSE_MILLIS_MAX + 1)),
        kind.family == FaultFamily.CLOCK ? drawSkew(random) : Duration.ZERO);
  }

  /** Seconds are as likely as hours. */
  private static Duration drawSkew(RandomGenerator random) {
    double millis =
        SKEW_MILLIS_LEAST * Math.pow(SKEW_MILLIS_MOST / SKEW_MILLIS_LEAST, random.nextDouble());
    return Duration.ofMillis(random.nextBoolean() ? (long) millis : -(long) millis);
  }

  /** {@return what is done, and how far a clock is off} */
  String what() {
    return skew.isZero()
        ? kind.what
        : String.format(Locale.ROOT, "%s by %+,d s", kind.what, skew.toSeconds());
  }

  /** {@return what the schedule says of it} */
  @Override
  public String toString() {
    return "%s (follower %d) for %d ms, then %d ms nothing"
        .formatted(what(), follower, duration.toMillis(), pause.toMillis());
  }
}
