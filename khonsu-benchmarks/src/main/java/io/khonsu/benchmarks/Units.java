package io.khonsu.benchmarks;

import java.util.Locale;

/** Figures as people read them, three digits each. */
final class Units {
  private Units() {}

  /** {@return a rate with its thousands or millions} */
  static String perSecond(double rate) {
    if (rate >= 1e6) {
      return String.format(Locale.ROOT, "%.2f M", rate / 1e6);
    }
    if (rate >= 1e3) {
      return String.format(Locale.ROOT, rate >= 1e5 ? "%.0f k" : "%.1f k", rate / 1e3);
    }
    return String.format(Locale.ROOT, "%.0f", rate);
  }

  static String micros(long nanos) {
    return String.format(Locale.ROOT, nanos >= 100_000 ? "%.0f" : "%.2f", nanos / 1e3);
  }

  static String ratio(double ratio) {
    return String.format(Locale.ROOT, "%.2f", ratio);
  }

  static String threads(int count) {
    return count + (count == 1 ? " thread" : " threads");
  }
}
