package io.khonsu.benchmarks;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What was measured of backups.
 *
 * @param idle commits without a backup
 * @param beside commits beside a base backup
 * @param baseBytes size of the base
 * @param verifying megabytes a second
 * @param restoring megabytes a second
 */
record BackupFigures(
    Rounds idle, Rounds beside, long baseBytes, double verifying, double restoring) {
  private static final double TAIL_GROWTH_MAX = 3;
  private static final int SCHEMA_VERSION = 1;

  /** {@return a verdict on the goal} */
  Verdict verdict() {
    double growth = (double) beside.latencyNanos(0.99) / idle.latencyNanos(0.99);
    return Verdict.atMost(
        "commit p99 beside a base backup <= 3 x without", "Khonsu", growth, TAIL_GROWTH_MAX);
  }

  /** {@return all but the verdict, for people} */
  List<String> lines() {
    return List.of(
        "commits without a backup: " + latencies(idle),
        "commits beside a base backup of %.2f GB: ".formatted(baseBytes / 1e9) + latencies(beside),
        String.format(Locale.ROOT, "verifying all bytes: %.0f MB/s", verifying),
        String.format(Locale.ROOT, "restoring: %.0f MB/s", restoring));
  }

  private static String latencies(Rounds rounds) {
    return String.format(
        Locale.ROOT,
        "%s/s, p50 %s us, p99 %s us, p99.9 %s us",
        Units.perSecond(rounds.medianPerSecond()),
        Units.micros(rounds.latencyNanos(0.5)),
        Units.micros(rounds.latencyNanos(0.99)),
        Units.micros(rounds.latencyNanos(0.999)));
  }

  /** {@return everything, for {@link Json}} */
  Map<String, Object> values() {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("benchmark", BackupCommand.NAME);
    values.put("schemaVersion", SCHEMA_VERSION);
    values.put("machine", Machine.facts());
    values.put("baseBytes", baseBytes);
    values.put("idle", values(idle));
    values.put("beside", values(beside));
    values.put("verifyMegabytesPerSecond", verifying);
    values.put("restoreMegabytesPerSecond", restoring);
    values.put("goals", List.of(verdict().values()));
    return values;
  }

  private static Map<String, Object> values(Rounds rounds) {
    Map<String, Object> values = new LinkedHashMap<>();
    rounds.addTo(values);
    return values;
  }
}
