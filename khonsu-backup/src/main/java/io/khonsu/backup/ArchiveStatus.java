package io.khonsu.backup;

import java.util.List;
import java.util.UUID;

/**
 * What an archive holds.
 *
 * @param id the id of the archive
 * @param timelines the histories in it
 * @param bases the base backups, timeline by timeline, oldest first
 * @param points the restore points, oldest first
 * @param windows what can be restored, timeline by timeline, oldest first
 * @param segments how many segments of the log there are
 * @param bytes of all objects
 */
public record ArchiveStatus(
    UUID id,
    List<Timeline> timelines,
    List<BaseBackup> bases,
    List<RestorePoint> points,
    List<Window> windows,
    long segments,
    long bytes) {
  /** Copies the lists. */
  public ArchiveStatus {
    timelines = List.copyOf(timelines);
    bases = List.copyOf(bases);
    points = List.copyOf(points);
    windows = List.copyOf(windows);
  }
}
