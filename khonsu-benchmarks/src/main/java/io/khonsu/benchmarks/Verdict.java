package io.khonsu.benchmarks;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * A goal and what was measured: a ratio of medians, unless it says otherwise.
 *
 * @param contender whose figure it is
 */
record Verdict(String goal, String contender, double measured, boolean reached) {
  static Verdict atLeast(String goal, String contender, double measured, double least) {
    return new Verdict(goal, contender, measured, measured >= least);
  }

  static Verdict atMost(String goal, String contender, double measured, double most) {
    return new Verdict(goal, contender, measured, measured <= most);
  }

  String line() {
    return String.format(
        Locale.ROOT, "goal %s: %s %.2f %s", goal, contender, measured, reached ? "ok" : "MISSED");
  }

  /** {@return all of it for {@link Json}} */
  Map<String, Object> values() {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("goal", goal);
    values.put("contender", contender);
    values.put("measured", measured);
    values.put("reached", reached);
    return values;
  }
}
