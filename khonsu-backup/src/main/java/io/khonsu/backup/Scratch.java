package io.khonsu.backup;

import io.khonsu.durable.StoreLock;
import io.khonsu.spi.StorageRefusedException;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A place for one run in a directory that several may use at the same time. Each has a directory of
 * its own there, which is locked while it runs; what killed runs have left is removed when the next
 * one begins. Not thread-safe; close it.
 */
public final class Scratch implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Scratch.class);
  private static final String PREFIX = "khonsu-scratch-";

  /** Who begins at the same moment may take a directory away that is not locked yet. */
  private static final int ATTEMPTS_MAX = 100;

  private final Path directory;
  private final Path own;
  private final StoreLock lock;
  private final boolean isMade;

  private Scratch(Path directory, Path own, StoreLock lock, boolean isMade) {
    this.directory = directory;
    this.own = own;
    this.lock = lock;
    this.isMade = isMade;
  }

  /**
   * Begins a run.
   *
   * @param directory on a disk with enough room; it is created if it is missing, and then removed
   *     afterwards, unless another run uses it. What else is in it is left alone
   * @throws NotDirectoryException if it is none, or there is none to create it in
   */
  public static Scratch in(Path directory) throws IOException {
    @Nullable IOException last = null;
    boolean isMade = false;
    for (int attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      isMade |= make(directory);
      try {
        removeLeftovers(directory);
        Path own = directory.resolve(PREFIX + UUID.randomUUID());
        Files.createDirectory(own);
        Optional<StoreLock> lock = lock(own);
        if (lock.isPresent()) {
          return new Scratch(directory, own, lock.get(), isMade);
        }
      } catch (NoSuchFileException e) {
        last = e; // a run that had made the directory has ended, and removed it
      }
    }
    throw new IOException("%s is cleared all the time: use another".formatted(directory), last);
  }

  private static boolean make(Path directory) throws IOException {
    if (Files.isDirectory(directory)) {
      return false;
    }
    try {
      Files.createDirectory(directory);
      return true;
    } catch (FileAlreadyExistsException | NoSuchFileException e) {
      if (Files.isDirectory(directory)) {
        return false; // another run was faster
      }
      throw new NotDirectoryException(String.valueOf(e.getFile()));
    }
  }

  private static void removeLeftovers(Path directory) throws IOException {
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory, PREFIX + "*")) {
      for (Path entry : entries) {
        removeLeftover(entry);
      }
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
  }

  private static void removeLeftover(Path entry) {
    try {
      Optional<StoreLock> left = lock(entry);
      if (left.isPresent()) {
        remove(entry, left.get());
      }
    } catch (IOException e) {
      LOG.atWarn()
          .addKeyValue("path", entry)
          .setCause(e)
          .log("what a run has left cannot be removed: remove it");
    }
  }

  /** {@return the lock of a run's directory; empty if that is in use, or has gone} */
  private static Optional<StoreLock> lock(Path own) throws IOException {
    try {
      return Optional.of(StoreLock.take(own));
    } catch (NoSuchFileException _) {
      return Optional.empty();
    } catch (StorageRefusedException e) {
      if (e.reason() == StorageRefusedException.Reason.IN_USE) {
        return Optional.empty();
      }
      throw e;
    }
  }

  /** {@return a directory that is not there yet} */
  public Path path() {
    return own.resolve("state");
  }

  /** Removes all that this run has made. */
  @Override
  public void close() throws IOException {
    remove(own, lock);
    if (isMade) {
      try {
        Files.deleteIfExists(directory);
      } catch (DirectoryNotEmptyException _) {
        // Somebody else uses it.
      }
    }
  }

  private static void remove(Path own, StoreLock lock) throws IOException {
    try (StoreLock _ = lock) {
      Trees.delete(own);
    } catch (DirectoryNotEmptyException | NoSuchFileException _) {
      // Another run that begins found it without its lock, and removes it as well.
    }
  }
}
