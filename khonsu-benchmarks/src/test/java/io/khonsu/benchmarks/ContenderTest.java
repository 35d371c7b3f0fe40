package io.khonsu.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Every contender does what it is measured for. */
class ContenderTest {
  private static final int KEYS = 64;
  private static final int TRANSACTIONS = 400;

  private final KeyNames names = new KeyNames(KEYS);

  @ParameterizedTest
  @EnumSource
  void loads_twoThreads_keepTheirInvariants(Peer peer) throws InterruptedException {
    for (Load load : Load.values()) {
      try (Contender contender = peer.create(names);
          RoundRunner runner = new RoundRunner(load, 2, KEYS)) {
        Measurement.Round round = runner.runCounted(contender, TRANSACTIONS);

        assertThat(round.commits()).isEqualTo(2 * TRANSACTIONS);
        assertThat(Invariant.broken(load, contender, KEYS, round.commits()))
            .as(load.id())
            .isEmpty();
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void operations_oneThread_doAsAnArrayDoes(Peer peer) {
    SplittableRandom random = new SplittableRandom(7);
    long[] model = new long[KEYS];
    Arrays.setAll(model, i -> i);
    try (Contender contender = peer.create(names)) {
      Contender.Session session = contender.open();
      for (int n = 0; n < TRANSACTIONS; n++) {
        int[] items = random.ints(0, KEYS).distinct().limit(4).toArray();
        session.readWrite(items[0], items[1], items[2], items[3]);
        model[items[2]] = model[items[0]] + model[items[1]] + 1;
        model[items[3]] = model[items[2]];
        session.increment(items[0]);
        model[items[0]]++;
        session.writePair(items[3], items[1], n);
        model[items[1]] = n;
        model[items[3]] = n;

        long sum = Arrays.stream(items).mapToLong(item -> model[item]).sum();
        assertThat(session.readSum(items, 0, 4)).isEqualTo(sum);
      }
      for (int i = 0; i < KEYS; i++) {
        assertThat(contender.valueOf(i)).isEqualTo(model[i]);
      }
      assertThat(session.retries()).isZero();
    }
  }

  @Test
  void zipf_isSkewed() {
    int[] items = new KeySequence(Load.RW_ZIPF, 1_000, 1 << 12, 1).items();

    long hottest = Arrays.stream(items).filter(item -> item == 0).count();

    assertThat(hottest).isBetween(items.length / 10L, items.length / 5L);
    assertThat(Arrays.stream(items).distinct().count()).isGreaterThan(500);
  }

  @Test
  void histogram_quantile_isWithinASixteenth() {
    Histogram histogram = new Histogram();
    for (int nanos = 1; nanos <= 100_000; nanos++) {
      histogram.record(nanos);
    }

    assertThat(histogram.quantile(0.5)).isBetween(46_875L, 53_125L);
    assertThat(histogram.quantile(0.99)).isBetween(92_812L, 105_187L);
  }
}
