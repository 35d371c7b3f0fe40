package io.khonsu.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** How long a link waits. */
class BackoffTest {
  private final Backoff backoff = new Backoff(new SplittableRandom(1));

  private void isBetween(Duration lived, long least, long most) {
    assertThat(backoff.next(lived).toMillis()).isBetween(least, most);
  }

  @Test
  void failures_waitTwiceAsLongEachTime_upToASecond() {
    for (long most : new long[] {20, 40, 80, 160, 320, 640, 1_000, 1_000}) {
      isBetween(Duration.ZERO, most / 2, most);
    }
    for (int i = 0; i < 100; i++) {
      isBetween(Duration.ZERO, 500, 1_000);
    }
  }

  @Test
  void sessionThatDiesAtOnce_isAFailure_andOneThatLivedIsNone() {
    isBetween(Duration.ofMillis(999), 10, 20);
    isBetween(Duration.ofMillis(999), 20, 40);
    isBetween(Duration.ofMillis(1), 40, 80);
    isBetween(Duration.ofSeconds(1), 10, 20);
    isBetween(Duration.ZERO, 20, 40);
  }
}
