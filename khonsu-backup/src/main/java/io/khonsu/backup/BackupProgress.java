package io.khonsu.backup;

/** Told how far something is that takes long. Called on the thread that does it; returns soon. */
@FunctionalInterface
public interface BackupProgress {
  /** Tells nobody. */
  BackupProgress NONE = (_, _, _) -> {};

  /**
   * More is done.
   *
   * @param task what is being done, in a word or two
   * @param doneBytes so far
   * @param totalBytes in all, at least {@code doneBytes}
   */
  void onProgress(String task, long doneBytes, long totalBytes);
}
