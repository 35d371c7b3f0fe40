package io.khonsu.backup;

import io.khonsu.spi.CommitHistory;
import java.io.IOException;
import java.time.Instant;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;

/** Whose commits an {@link Archiver} copies. Thread-safe. */
interface ArchiverSource {
  CommitHistory commits();

  /**
   * {@return its timeline in an archive, which is begun if there is none; null as long as the
   * history has no commit that tells it from others}
   *
   * @throws ForeignArchiveException if it is the archive of another history
   */
  @Nullable Timeline timeline(ArchiveStore archive, Instant now) throws IOException;

  /** Makes sure that what was committed is not taken back: only then it may be archived. */
  void sync() throws IOException;

  /** Says that the archive needs nothing up to a version any more. */
  void confirm(long version) throws IOException;

  /**
   * Keeps nothing for the archive until more is confirmed, as it cannot go on from here.
   *
   * @param isEmpty whether the archive has nothing: it may be another one, in the place of that
   *     which something was kept for, as where a file system is not mounted; then all is kept
   */
  void letGo(boolean isEmpty) throws IOException;

  /** {@return whether commits were let go of that are not archived} */
  boolean hasLetGo();

  /** Takes a base backup. */
  BaseBackup createBase(
      ArchiveStore archive, InstantSource clock, String label, BackupProgress progress)
      throws IOException;
}
