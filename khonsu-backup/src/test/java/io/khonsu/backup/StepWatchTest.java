package io.khonsu.backup;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(300)
class StepWatchTest {
  private static final Duration PATIENCE = Duration.ofMillis(5);

  private final BlockingQueue<Duration> told = new LinkedBlockingQueue<>();

  @Test
  void stepThatTakesLong_isTold_oncePerStep() throws Exception {
    try (StepWatch watch = new StepWatch("test", PATIENCE, told::add)) {
      assertThat(watch.underWay()).isZero();
      for (int step = 0; step < 3; step++) {
        watch.begin();
        assertThat(told.take()).isGreaterThanOrEqualTo(PATIENCE);
        Duration before = watch.underWay();
        while (watch.underWay().compareTo(before.plus(PATIENCE.multipliedBy(4))) < 0) {
          Thread.onSpinWait();
        }
        assertThat(told).isEmpty();
        watch.end();
        assertThat(watch.underWay()).isZero();
      }
    }
  }
}
