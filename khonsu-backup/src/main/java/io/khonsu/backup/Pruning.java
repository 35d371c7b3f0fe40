package io.khonsu.backup;

import io.khonsu.Khonsu;
import io.khonsu.backup.ArchiveIndex.SegmentFile;
import io.khonsu.backup.ArchiveStore.StoredObject;
import io.khonsu.backup.BaseBackup.BackupFile;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Decides what an archive can do without. Not thread-safe. */
final class Pruning {
  private final ArchiveIndex index;
  private final RetentionPolicy policy;
  private final Set<BaseBackup> keptBases = new HashSet<>();
  private final Set<SegmentFile> keptSegments = new HashSet<>();

  private Pruning(ArchiveIndex index, RetentionPolicy policy) {
    this.index = index;
    this.policy = policy;
  }

  /** {@return what goes} {@code now} is of the clock that objects are dated by. */
  static PrunePlan plan(ArchiveIndex index, RetentionPolicy policy, Instant now) {
    Pruning pruning = new Pruning(index, policy);
    index.timelines().values().forEach(pruning::keepFor);
    return pruning.plan(now);
  }

  /** Marks what a timeline needs. */
  private void keepFor(Timeline timeline) {
    History history = new History(index, timeline, Set.of());
    List<BaseBackup> bases = history.bases();
    int first = Math.min(firstByCount(bases), firstByAge(history));
    List<BaseBackup> kept = bases.subList(Math.max(first, 0), bases.size());
    long from = first < 0 || kept.isEmpty() ? 0 : kept.getFirst().version();
    keptBases.addAll(kept);
    history.steps(from, Long.MAX_VALUE).forEach(step -> keptSegments.add(step.segment()));
    keepEnd(index.segments(timeline.number()));
  }

  /** Marks the newest complete segment, from which archivers go on, and what is after it. */
  private void keepEnd(List<SegmentFile> segments) {
    for (int i = segments.size() - 1; i >= 0; i--) {
      if (segments.get(i).name().isComplete()) {
        keptSegments.addAll(segments.subList(i, segments.size()));
        return;
      }
    }
  }

  /** {@return the index of the oldest base that stays; -1 if also the log before it does} */
  private int firstByCount(List<BaseBackup> bases) {
    Integer count = policy.keepBases();
    return count == null ? bases.size() : Math.max(bases.size() - count, 0);
  }

  private int firstByAge(History history) {
    List<BaseBackup> bases = history.bases();
    List<Window> windows = history.windows();
    Duration span = policy.window();
    if (span == null || windows.isEmpty()) {
      return bases.size();
    }
    Instant newest = Khonsu.instantOf(windows.getLast().to());
    Instant oldest = newest.minus(span);
    int first = bases.size() - 1;
    while (first >= 0 && !Khonsu.instantOf(bases.get(first).version()).isBefore(oldest)) {
      first--;
    }
    return first;
  }

  private PrunePlan plan(Instant now) {
    List<BaseBackup> bases =
        index.bases().stream().filter(base -> !keptBases.contains(base)).toList();
    List<SegmentFile> segments =
        index.segments().stream().filter(file -> !keptSegments.contains(file)).toList();
    Set<String> going = new HashSet<>();
    bases.forEach(base -> going.add(base.object()));
    segments.forEach(segment -> going.add(segment.object()));
    List<Window> windows = index.windows(going);
    List<RestorePoint> points =
        index.points().stream().filter(point -> !isIn(windows, point)).toList();

    // In an order in which a crash leaves nothing behind that counts on what has gone.
    List<String> names = new ArrayList<>();
    points.forEach(point -> names.add(point.object()));
    bases.forEach(base -> names.add(base.object()));
    segments.forEach(segment -> names.add(segment.object()));
    names.addAll(garbage(now.minus(policy.objectGrace())));
    long bytes = names.stream().mapToLong(index::sizeBytes).sum();
    return new PrunePlan(bases, names, bytes, points, windows);
  }

  private static boolean isIn(List<Window> windows, RestorePoint point) {
    return windows.stream()
        .anyMatch(
            window -> window.timeline() == point.timeline() && window.contains(point.version()));
  }

  /** {@return the files that no base which stays names, and that are old enough} */
  private List<String> garbage(Instant before) {
    Set<String> named = new HashSet<>();
    for (BaseBackup base : keptBases) {
      base.files().stream().map(BackupFile::object).forEach(named::add);
    }
    return index.objects().values().stream()
        .filter(object -> Layout.isFile(object.name()))
        .filter(object -> !named.contains(object.name()) && object.modified().isBefore(before))
        .map(StoredObject::name)
        .toList();
  }
}
