package io.khonsu.simulation;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What one run of whole nodes was.
 *
 * @param family which family of runs
 * @param seed which run of it
 * @param traceHash a digest of everything that happened, equal for equal runs
 * @param counts how much happened
 * @param violation what must not happen and did, or null
 */
public record ClusterReport(
    String family,
    long seed,
    String traceHash,
    Counts counts,
    RunReport.@Nullable Violation violation) {
  /**
   * How much happened.
   *
   * @param frames frames that arrived
   * @param faults messages lost or duplicated, links cut, machines crashed or paused, syncs failed,
   *     writes undone
   * @param committed transactions that clients know to be committed
   * @param failed those they know to have failed
   * @param unknown those they do not know of
   * @param snapshots how often a node took over another one's state
   * @param changes how often other members were made
   * @param answeredTicks how long after clients began nothing new everything was answered
   */
  public record Counts(
      long frames,
      long faults,
      long committed,
      long failed,
      long unknown,
      long snapshots,
      long changes,
      long answeredTicks) {
    /** Nothing happened. */
    public static final Counts NONE = new Counts(0, 0, 0, 0, 0, 0, 0, 0);

    /** {@return the sums; of how long answers took, the longest} */
    public Counts plus(Counts other) {
      return new Counts(
          frames + other.frames,
          faults + other.faults,
          committed + other.committed,
          failed + other.failed,
          unknown + other.unknown,
          snapshots + other.snapshots,
          changes + other.changes,
          Math.max(answeredTicks, other.answeredTicks));
    }
  }

  /** {@return whether nothing happened that must not} */
  public boolean passed() {
    return violation == null;
  }

  /** {@return the command that repeats this run, if no defect was planted} */
  public String replayCommand() {
    return "./khonsu simulate cluster --family " + family + " --seeds " + seed;
  }

  @Override
  public String toString() {
    RunReport.Violation found = violation;
    return found == null
        ? String.format(Locale.ROOT, "%s seed %d passed, trace %s", family, seed, traceHash)
        : String.format(
            Locale.ROOT,
            "%s seed %d FAILED at tick %d: %s%n  trace %s, replay: %s",
            family,
            seed,
            found.tick(),
            found.message(),
            traceHash,
            replayCommand());
  }
}
