package io.khonsu;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** What is said of an opening that takes long. */
class OpeningProgressTest {
  private final AtomicLong now = new AtomicLong(Long.MAX_VALUE - 5); // nanoTime may overflow
  private final OpeningProgress progress = new OpeningProgress(now::get);

  @Test
  void opening_short_isNotReported() {
    for (int i = 0; i < 1_000; i++) {
      progress.item();
      progress.commit();
    }
    assertThat(progress.lines()).isZero();
  }

  @Test
  void opening_long_isReportedEveryTwoSeconds() {
    for (int second = 1; second <= 7; second++) {
      now.addAndGet(Duration.ofSeconds(1).toNanos());
      for (int i = 0; i < 300; i++) {
        progress.item();
      }
    }
    assertThat(progress.lines()).isEqualTo(3);
  }

  /** As when a node takes over the state of another one, long after it was opened. */
  @Test
  void whatIsReadMuchLater_isNotReportedForTheTimeBetween() {
    now.addAndGet(Duration.ofHours(1).toNanos());
    for (int i = 0; i < 10_000; i++) {
      progress.commit();
    }
    assertThat(progress.lines()).isEqualTo(1);
  }
}
