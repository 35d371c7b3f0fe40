package io.khonsu.backup;

import io.khonsu.durable.DurableSettings;
import io.khonsu.durable.RestoredStore;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.stream.Stream;

/**
 * Restores into a directory, at once: the store is made beside it, in a directory whose name begins
 * with a point, and renamed when it is whole and durable. A restore that crashed is begun anew.
 */
final class RestoredDirectory {
  private final Path target;
  private final Path parent;
  private final Path staging;

  RestoredDirectory(Path directory) throws IOException {
    this.target = directory.toAbsolutePath().normalize();
    Path above = target.getParent();
    Path name = target.getFileName();
    if (above == null || name == null) {
      throw new FileAlreadyExistsException(directory.toString(), null, "name a new directory");
    }
    if (!Files.isDirectory(above)) {
      throw new NotDirectoryException(above.toString());
    }
    this.parent = above;
    this.staging = above.resolve("." + name + ".restoring");
  }

  /**
   * Checks that the directory does not exist, or is empty.
   *
   * @throws FileAlreadyExistsException if there is something in it
   */
  void checkEmpty() throws IOException {
    if (!Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    boolean isEmpty = Files.isDirectory(target, LinkOption.NOFOLLOW_LINKS);
    if (isEmpty) {
      try (Stream<Path> entries = Files.list(target)) {
        isEmpty = entries.findAny().isEmpty();
      }
    }
    if (!isEmpty) {
      throw new FileAlreadyExistsException(
          target.toString(), null, "a restore overwrites nothing: name a new or empty directory");
    }
  }

  /** Removes what a restore has left that crashed. */
  private void discardStaging() throws IOException {
    if (Files.exists(staging, LinkOption.NOFOLLOW_LINKS)) {
      try {
        RestoredStore.discard(staging);
      } catch (NoSuchFileException _) {
        // Another restore has just given it its name, which shows as a target that is not empty.
      }
    }
  }

  /** Gives the store its name; what has come to be there meanwhile stays as it is. */
  private void name() throws IOException {
    try {
      Files.move(staging, target, StandardCopyOption.ATOMIC_MOVE);
    } catch (FileSystemException e) {
      checkEmpty(); // the reason, if it is not
      throw e;
    }
  }

  /** Makes the store. */
  RestoreResult restore(
      ArchiveIndex index, RestorePlan plan, DurableSettings settings, BackupProgress progress)
      throws IOException {
    discardStaging();
    checkEmpty();
    // The staging directory stays locked until it has gone: nobody else may begin anew in it.
    try (Restoring restoring = new Restoring(index, plan, staging, settings, progress)) {
      restoring.replay(plan.version());
      long version = restoring.state().appliedVersion();
      restoring.store().finish();
      progress.onProgress("syncing", plan.bytes(), plan.bytes());
      Timelines.Origin origin = new Timelines.Origin(index.id(), plan.timeline().number(), version);
      Files.write(
          staging.resolve(Timelines.Origin.FILE), origin.bytes(), StandardOpenOption.CREATE_NEW);
      Trees.sync(staging);
      name();
      Trees.syncOne(parent);
      return new RestoreResult(target, version, restoring.transactions(), plan);
    }
  }
}
