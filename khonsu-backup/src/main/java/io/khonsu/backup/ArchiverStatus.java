package io.khonsu.backup;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** How an {@link Archiver} is. Immutable. */
public final class ArchiverStatus {
  private final State state;
  private final Counts counts;
  private final @Nullable IOException failure;

  /** What an archiver does. */
  public enum State {
    /** It archives. */
    RUNNING,
    /** The archive could not be written, and it tries again. */
    RETRYING,
    /** It cannot go on: the failure says what to do. */
    STOPPED,
    /** It was closed. */
    CLOSED
  }

  /** How far an archiver has got. */
  record Counts(
      long archivedVersion,
      long committedVersion,
      Duration lag,
      Duration stepTime,
      long gaps,
      boolean logLetGo,
      int failures) {}

  ArchiverStatus(State state, Counts counts, @Nullable IOException failure) {
    this.state = state;
    this.counts = counts;
    this.failure = failure;
  }

  /** {@return what it does} */
  public State state() {
    return state;
  }

  /** {@return the newest version that is archived, 0 as long as it is not known} */
  public long archivedVersion() {
    return counts.archivedVersion;
  }

  /** {@return the newest version that was committed} */
  public long committedVersion() {
    return counts.committedVersion;
  }

  /**
   * {@return for how long the oldest commit that is not archived has waited, to about 100 ms: how
   * much would be lost with the machine} Zero if all is archived.
   */
  public Duration lag() {
    return counts.lag;
  }

  /**
   * {@return how long the step under way has taken, zero if there is none} A step writes one
   * segment, or looks at the archive.
   */
  public Duration stepTime() {
    return counts.stepTime;
  }

  /** {@return whether the step under way takes so long that the archive may hang: 30 s} */
  public boolean isSlow() {
    return counts.stepTime.compareTo(Archiver.PATIENCE) >= 0;
  }

  /** {@return since it was started, how often the log had let go of what was not yet archived} */
  public long gaps() {
    return counts.gaps;
  }

  /**
   * {@return whether the log has let go of what was not archived, as it had grown over its limit}
   * An alarm: from there on only a new base backup can be restored.
   */
  public boolean logLetGo() {
    return counts.logLetGo;
  }

  /** {@return how many attempts have failed, one after another} */
  public int failures() {
    return counts.failures;
  }

  /** {@return why it does not archive, if it does not} */
  public Optional<IOException> failure() {
    return Optional.ofNullable(failure);
  }

  @Override
  public String toString() {
    return "%s, %s%s".formatted(state, counts, failure == null ? "" : ", " + failure.getMessage());
  }
}
