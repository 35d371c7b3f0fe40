package io.khonsu.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class HistogramTest {
  @Test
  void parse_ofText_hasTheSameQuantiles() {
    Histogram written = new Histogram();
    SplittableRandom random = new SplittableRandom(1);
    for (int i = 0; i < 10_000; i++) {
      written.record(1 + random.nextLong(1L << random.nextInt(1, 40)));
    }
    Histogram read = Histogram.parse(written.text());
    for (double fraction : new double[] {0.01, 0.5, 0.99, 1}) {
      assertThat(read.quantile(fraction)).isEqualTo(written.quantile(fraction)).isPositive();
    }
    read.add(written);
    assertThat(read.text()).isNotEqualTo(written.text());
  }

  @Test
  void parse_ofNothing_isEmpty() {
    assertThat(Histogram.parse(new Histogram().text()).quantile(1)).isZero();
  }
}
