package io.khonsu.backup;

import io.khonsu.Khonsu;
import io.khonsu.backup.History.Path;
import java.time.Instant;
import java.util.Optional;

/** How a state is restored: from which base, and with how much of the log. Immutable. */
public final class RestorePlan {
  private final Timeline timeline;
  private final Path path;

  RestorePlan(Timeline timeline, Path path) {
    this.timeline = timeline;
    this.path = path;
  }

  /** {@return the timeline that the state is of} */
  public Timeline timeline() {
    return timeline;
  }

  /** {@return the version up to which transactions come back} */
  public long version() {
    return path.version();
  }

  /** {@return the instant of that version, to the millisecond} */
  public Instant instant() {
    return Khonsu.instantOf(version());
  }

  /** {@return the base it begins with; empty if the log goes back to the empty store} */
  public Optional<BaseBackup> base() {
    return Optional.ofNullable(path.base());
  }

  /** {@return how many segments of the log are read} */
  public int segments() {
    return path.steps().size();
  }

  /** {@return how many bytes are read from the archive} */
  public long bytes() {
    return base().map(BaseBackup::sizeBytes).orElse(0L)
        + path.steps().stream().mapToLong(step -> step.segment().sizeBytes()).sum();
  }

  Path path() {
    return path;
  }
}
