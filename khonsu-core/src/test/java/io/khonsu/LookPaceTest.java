package io.khonsu;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class LookPaceTest {
  private final LookPace pace = new LookPace();

  /** {@return how many seconds pass until a look is due} */
  private int secondsWithoutALook() {
    int seconds = 0;
    while (!pace.isDue(false)) {
      seconds++;
    }
    return seconds;
  }

  @Test
  void whatIsScanned_isLookedAtEverySecond() {
    for (int second = 0; second < 100; second++) {
      assertThat(pace.isDue(true)).isTrue();
      pace.looked(80, 10);
    }
  }

  @Test
  void whatNobodyScans_isLookedAtEverLessOften() {
    for (int seconds : new int[] {0, 1, 3, 7, LookPace.SECONDS_SKIPPED_MAX}) {
      assertThat(secondsWithoutALook()).isEqualTo(seconds);
      pace.looked(80, 80);
    }
    assertThat(secondsWithoutALook()).isEqualTo(LookPace.SECONDS_SKIPPED_MAX);
  }

  @Test
  void scan_ofWhatLiesApart_letsItBeLookedAtAtOnce() {
    pace.looked(80, 80);
    pace.looked(80, 80);
    assertThat(pace.isDue(false)).isFalse();
    assertThat(pace.isDue(true)).isTrue();
    pace.looked(80, 80);
    assertThat(secondsWithoutALook()).isZero();
  }

  @Test
  void whatLiesTogether_isLookedAtEverLessOften_thoughItIsScanned() {
    pace.looked(80, 9);
    assertThat(pace.isDue(true)).isFalse();
    assertThat(pace.isDue(true)).isTrue();
    pace.looked(80, 0);
    for (int second = 0; second < 3; second++) {
      assertThat(pace.isDue(true)).isFalse();
    }
    assertThat(pace.isDue(true)).isTrue();
  }

  @Test
  void emptyTable_isNoReasonToLookEverySecond() {
    pace.looked(0, 0);
    assertThat(secondsWithoutALook()).isEqualTo(1);
  }
}
