package io.khonsu.server.torture;

import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * Something that is done to a cluster for a while.
 *
 * @param kind what
 * @param follower to which of the followers, if to one: the first or second after the leader
 * @param duration how long it lasts
 * @param pause how long the cluster is left alone after it has come back
 */
record Fault(Kind kind, int follower, Duration duration, Duration pause) {
  private static final int PAUSE_MILLIS_MAX = 1_500;

  /** What can be done. */
  enum Kind {
    KILL_LEADER("kill -9 of the leader", 1_000, 1),
    KILL_FOLLOWER("kill -9 of a follower", 1_000, 1),
    KILL_ALL("kill -9 of all nodes", 1, 3),
    PAUSE_LEADER("the leader stands still", 3_000, 1),
    PAUSE_FOLLOWER("a follower stands still", 3_000, 1),
    ISOLATE_LEADER("nobody hears the leader, nor it them", 3_000, 1),
    CHAIN("leader and a follower are cut off from each other", 3_000, 1),
    DROP_FROM_LEADER("what the leader sends a follower is lost", 3_000, 1),
    DROP_TO_LEADER("what a follower sends the leader is lost", 3_000, 1),
    SLOW_LINK("what the leader sends a follower is slow", 3_000, 1),
    STALLED_LINK("what the leader sends a follower gets stuck", 3_000, 1),
    RESET_LINK("connections from the leader to a follower end", 500, 1);

    private final String what;
    private final int millisMax;
    private final int nodes;

    Kind(String what, int millisMax, int nodes) {
      this.what = what;
      this.millisMax = millisMax;
      this.nodes = nodes;
    }

    /** {@return a description} */
    String what() {
      return what;
    }

    /** {@return whether one node, or one link, is hurt: then service must soon be back} */
    boolean isSingle() {
      return nodes == 1;
    }
  }

  /** {@return the next of a sequence} */
  static Fault draw(RandomGenerator random) {
    Kind[] kinds = Kind.values();
    Kind kind = kinds[random.nextInt(kinds.length)];
    int most = kind.millisMax;
    return new Fault(
        kind,
        1 + random.nextInt(2),
        Duration.ofMillis(random.nextInt(most / 3, most + 1)),
        Duration.ofMillis(random.nextInt(PAUSE_MILLIS_MAX / 3, PAUSE_MILLIS_MAX + 1)));
  }

  /** {@return what the schedule says of it} */
  @Override
  public String toString() {
    return "%s (follower %d) for %d ms, then %d ms nothing"
        .formatted(kind.what, follower, duration.toMillis(), pause.toMillis());
  }
}
