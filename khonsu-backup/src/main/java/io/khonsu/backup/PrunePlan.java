package io.khonsu.backup;

import java.util.List;

/**
 * What pruning takes away.
 *
 * @param bases the base backups that go
 * @param objects the names of all objects that go, in the order in which they go
 * @param bytes how many bytes these have
 * @param lostPoints the restore points that cannot be restored any more
 * @param windows what can still be restored
 */
public record PrunePlan(
    List<BaseBackup> bases,
    List<String> objects,
    long bytes,
    List<RestorePoint> lostPoints,
    List<Window> windows) {
  /** Copies the lists. */
  public PrunePlan {
    bases = List.copyOf(bases);
    objects = List.copyOf(objects);
    lostPoints = List.copyOf(lostPoints);
    windows = List.copyOf(windows);
  }
}
