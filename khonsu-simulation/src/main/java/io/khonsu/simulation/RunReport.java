package io.khonsu.simulation;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What one run was.
 *
 * @param family which family of runs
 * @param seed which run of it
 * @param defect what was broken on purpose, or an empty text
 * @param traceHash a digest of everything that happened, equal for equal runs
 * @param counts how much happened
 * @param violation what must not happen and did, or null
 */
public record RunReport(
    String family,
    long seed,
    String defect,
    String traceHash,
    Counts counts,
    @Nullable Violation violation) {
  /**
   * Something that must never happen.
   *
   * @param invariant the short name of the rule
   * @param message what was seen
   * @param tick when, in ticks since the start
   * @param stackTrace where in the code it was noticed
   */
  public record Violation(String invariant, String message, long tick, String stackTrace) {
    private static final int STACK_LINES = 12;

    static Violation of(Throwable cause, long tick) {
      String name =
          cause instanceof InvariantViolation violation
              ? violation.invariant()
              : "exception " + cause.getClass().getSimpleName();
      String stack =
          Arrays.stream(cause.getStackTrace())
              .limit(STACK_LINES)
              .map(frame -> "    at " + frame)
              .collect(Collectors.joining("\n"));
      return new Violation(name, String.valueOf(cause.getMessage()), tick, stack);
    }
  }

  /**
   * How much happened.
   *
   * @param steps inputs given to replicas
   * @param messages messages sent
   * @param faults messages lost or duplicated, links cut, machines crashed or paused, syncs failed,
   *     writes undone
   * @param decided entries decided
   * @param ballots ballots that somebody tried to lead by
   * @param configurations configurations that began
   * @param reads linearizable reads served
   * @param settledTicks how long after the last fault everything was decided everywhere
   */
  public record Counts(
      long steps,
      long messages,
      long faults,
      long decided,
      long ballots,
      long configurations,
      long reads,
      long settledTicks) {
    /** Nothing happened. */
    public static final Counts NONE = new Counts(0, 0, 0, 0, 0, 0, 0, 0);

    /** {@return the sums; of how long it took to settle, the longest} */
    public Counts plus(Counts other) {
      return new Counts(
          steps + other.steps,
          messages + other.messages,
          faults + other.faults,
          decided + other.decided,
          ballots + other.ballots,
          configurations + other.configurations,
          reads + other.reads,
          Math.max(settledTicks, other.settledTicks));
    }
  }

  /** {@return whether nothing happened that must not} */
  public boolean passed() {
    return violation == null;
  }

  /** {@return the command that repeats this run} */
  public String replayCommand() {
    String plant = defect.isEmpty() ? "" : " --defect " + defect;
    return "./khonsu simulate consensus --family " + family + " --seeds " + seed + plant;
  }

  @Override
  public String toString() {
    Violation found = violation;
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
