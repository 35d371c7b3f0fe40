package io.khonsu.backup;

import io.khonsu.backup.ArchiveIndex.SegmentFile;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What leads to the newest state of a timeline: the bases and segments of it, and of its ancestors
 * up to where it forked off.
 */
final class History {
  private final Timeline timeline;
  private final List<BaseBackup> bases = new ArrayList<>();
  private final List<Step> steps = new ArrayList<>();

  /** A segment, and up to which version it is part of this history. */
  record Step(SegmentFile segment, long upTo) {}

  /**
   * How to come to a state.
   *
   * @param base what to begin with; null for the empty state at version 0
   * @param steps what to replay after it, in this order
   * @param version up to which
   */
  record Path(@Nullable BaseBackup base, List<Step> steps, long version) {
    long baseVersion() {
      return base == null ? 0 : base.version();
    }
  }

  /**
   * Puts together the history of a timeline.
   *
   * @param without names of objects that are not to be used: bases and segments
   */
  History(ArchiveIndex index, Timeline timeline, Set<String> without) {
    this.timeline = timeline;
    long upTo = Long.MAX_VALUE;
    Deque<List<Step>> parts = new ArrayDeque<>();
    Timeline part = timeline;
    while (part != null) {
      int number = part.number();
      long limit = upTo;
      index.bases().stream()
          .filter(base -> base.timeline() == number && base.version() <= limit)
          .filter(base -> index.isWhole(base) && !without.contains(base.object()))
          .forEach(bases::add);
      parts.push(
          index.segments(number).stream()
              .filter(file -> file.name().after() < limit)
              .filter(file -> !without.contains(file.object()))
              .map(file -> new Step(file, Math.min(limit, file.name().last())))
              .toList());
      upTo = Math.min(upTo, part.forkVersion());
      part = index.timelines().get(part.parent());
    }
    parts.forEach(steps::addAll);
    bases.sort(Comparator.comparingLong(BaseBackup::version));
  }

  Timeline timeline() {
    return timeline;
  }

  /** {@return the bases that can be used, oldest first} */
  List<BaseBackup> bases() {
    return bases;
  }

  /** {@return the last version that the log leads to from another, without a gap} */
  long reach(long from) {
    long position = from;
    for (Step step : steps) {
      if (step.upTo <= position) {
        continue;
      }
      if (step.segment.name().after() > position) {
        break;
      }
      position = step.upTo;
    }
    return position;
  }

  /** {@return the stretches that can be restored, oldest first; none if there is nothing} */
  List<Window> windows() {
    List<Window> windows = new ArrayList<>();
    for (long start : starts()) {
      long end = reach(start);
      Window last = windows.isEmpty() ? null : windows.getLast();
      if (last != null && last.to() >= start) {
        windows.set(
            windows.size() - 1, new Window(last.timeline(), last.from(), Math.max(end, last.to())));
      } else {
        windows.add(new Window(timeline.number(), start, end));
      }
    }
    return windows;
  }

  /** {@return whether the log goes back to the empty store} */
  private boolean startsEmpty() {
    return reach(0) > 0;
  }

  /** {@return the versions that a restore can begin at} */
  private List<Long> starts() {
    List<Long> starts = new ArrayList<>();
    if (startsEmpty()) {
      starts.add(0L);
    }
    bases.forEach(base -> starts.add(base.version()));
    return starts;
  }

  /** {@return the shortest way to the state at a version, or null if there is none} */
  @Nullable Path pathTo(long version) {
    for (BaseBackup base : bases.reversed()) {
      if (base.version() <= version && reach(base.version()) >= version) {
        return path(base, version);
      }
    }
    return startsEmpty() && reach(0) >= version ? path(null, version) : null;
  }

  /** {@return the longest way to the end of a window: from its start, past every base} */
  RestorePlan planFrom(Window window) {
    BaseBackup first =
        bases.stream().filter(base -> base.version() == window.from()).findFirst().orElse(null);
    return new RestorePlan(timeline, path(first, window.to()));
  }

  private Path path(@Nullable BaseBackup base, long version) {
    return new Path(base, steps(base == null ? 0 : base.version(), version), version);
  }

  /** {@return the part of the log that leads from one version to another} */
  List<Step> steps(long from, long version) {
    return steps.stream()
        .filter(step -> step.upTo > from && from < version)
        .filter(step -> step.segment.name().after() < version)
        .toList();
  }
}
