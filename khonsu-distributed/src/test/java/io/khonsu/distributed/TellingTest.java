package io.khonsu.distributed;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class TellingTest {
  private static final long MOMENT = 2_000_000;

  private final Telling telling = new Telling();

  @Test
  void nobodyWaits_isDueAfterAMoment() {
    telling.applied(1, 5);
    assertThat(telling.isDue(5)).isFalse();
    telling.applied(2, 6); // the moment is that of the first
    assertThat(telling.isDue(4 + MOMENT)).isFalse();
    assertThat(telling.isDue(5 + MOMENT)).isTrue();
  }

  @Test
  void told_nothingIsDueUntilMoreIsApplied() {
    telling.applied(1, 5);
    telling.told(1);
    assertThat(telling.isDue(5 + MOMENT)).isFalse();
    assertThat(telling.patienceNanos(10 * MOMENT)).isEqualTo(10 * MOMENT);
    telling.applied(2, 7);
    assertThat(telling.isDue(7)).isFalse();
    assertThat(telling.patienceNanos(10 * MOMENT)).isEqualTo(MOMENT);
  }

  @Test
  void toldAhead_whatWasToldIsNotDueWhenItIsApplied() {
    telling.told(2);
    telling.applied(2, 5);
    assertThat(telling.isDue(5 + MOMENT)).isFalse();
  }
}
