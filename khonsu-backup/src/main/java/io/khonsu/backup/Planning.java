package io.khonsu.backup;

import io.khonsu.Khonsu;
import io.khonsu.backup.History.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Finds out how to come to a state that was asked for. */
final class Planning {
  private final ArchiveIndex index;

  Planning(ArchiveIndex index) {
    this.index = index;
  }

  /**
   * {@return the shortest way to a state}
   *
   * @param timeline on which it is; if null, that of the restore point, or else the one on which
   *     the newest transaction was archived
   * @throws UnrestorableException if there is no way, saying what could be restored
   */
  RestorePlan plan(RestoreTarget target, @Nullable Integer timeline) throws UnrestorableException {
    return switch (target) {
      case RestoreTarget.Latest _ -> {
        History history = history(timeline);
        List<Window> windows = history.windows();
        if (windows.isEmpty()) {
          throw unrestorable("nothing", history);
        }
        yield plan(history, windows.getLast().to(), "the newest state");
      }
      case RestoreTarget.AtVersion(long version) ->
          plan(history(timeline), version, "version " + version);
      case RestoreTarget.AtInstant(var instant) ->
          plan(history(timeline), Khonsu.lastVersionOf(instant), instant.toString());
      case RestoreTarget.AtPoint(String name) -> {
        RestorePoint point = point(name);
        if (timeline != null && timeline != point.timeline()) {
          throw new UnrestorableException(
              "restore point %s is on timeline %d, not on %d"
                  .formatted(name, point.timeline(), timeline));
        }
        History history = history(point.timeline());
        yield plan(history, point.version(), "restore point " + name);
      }
    };
  }

  private RestorePlan plan(History history, long version, String what)
      throws UnrestorableException {
    Path path = history.pathTo(version);
    if (path == null) {
      throw unrestorable(what, history);
    }
    return new RestorePlan(history.timeline(), path);
  }

  private RestorePoint point(String name) throws UnrestorableException {
    return index.points().stream()
        .filter(point -> point.name().equals(name))
        .findFirst()
        .orElseThrow(() ->
            new UnrestorableException(
                "there is no restore point %s, but there are: %s"
                    .formatted(
                        name,
                        index.points().stream()
                            .map(RestorePoint::name)
                            .collect(Collectors.joining(", ")))));
  }

  /** {@return the history of a timeline; by default of the one with the newest transaction} */
  History history(@Nullable Integer number) throws UnrestorableException {
    List<History> all =
        index.timelines().values().stream()
            .filter(timeline -> number == null || timeline.number() == number)
            .map(timeline -> new History(index, timeline, Set.of()))
            .toList();
    return all.stream()
        .max(
            Comparator.comparingLong(Planning::newest)
                .thenComparingInt(history -> history.timeline().number()))
        .orElseThrow(() ->
            new UnrestorableException(
                number == null
                    ? "the archive is empty"
                    : "there is no timeline %d".formatted(number)));
  }

  private static long newest(History history) {
    List<Window> windows = history.windows();
    return windows.isEmpty() ? -1 : windows.getLast().to();
  }

  private UnrestorableException unrestorable(String what, History history) {
    List<Window> windows = history.windows();
    String can =
        windows.isEmpty()
            ? "nothing of it can be: there is no base that can be used, and the log does not go"
                + " back to the start"
            : windows.stream().map(Window::toString).collect(Collectors.joining(", "));
    String damaged =
        index.bases().stream()
            .flatMap(base ->
                index.wrong(base).stream()
                    .map(wrong -> "; base %s is damaged, %s".formatted(base.object(), wrong)))
            .collect(Collectors.joining());
    return new UnrestorableException(
        "%s of timeline %d cannot be restored; what can: %s%s"
            .formatted(what, history.timeline().number(), can, damaged));
  }
}
