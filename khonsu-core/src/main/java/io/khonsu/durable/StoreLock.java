package io.khonsu.durable;

import io.khonsu.spi.StorageRefusedException;
import io.khonsu.spi.StorageRefusedException.Reason;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Keeps a directory to one user at a time, among all processes. */
final class StoreLock implements AutoCloseable {
  static final String NAME = "khonsu.lock";

  /**
   * What this process holds: it must not even look at the file again, as closing it once more would
   * give up the lock.
   */
  private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

  private final Path file;
  private final FileChannel channel;

  private StoreLock(Path file, FileChannel channel) {
    this.file = file;
    this.channel = channel;
  }

  /**
   * Takes the lock of an existing directory.
   *
   * @throws StorageRefusedException if it is held
   */
  static StoreLock take(Path directory) throws IOException {
    Path file = directory.toRealPath().resolve(NAME);
    if (!HELD.add(file)) {
      throw inUse(directory, "this process");
    }
    FileChannel channel = null;
    boolean taken = false;
    try {
      channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      taken = channel.tryLock() != null;
      if (!taken) {
        throw inUse(directory, "another process");
      }
      return new StoreLock(file, channel);
    } catch (OverlappingFileLockException _) { // under another path, as it was renamed or linked
      throw inUse(directory, "this process");
    } finally {
      if (!taken) {
        if (channel != null) {
          channel.close();
        }
        HELD.remove(file);
      }
    }
  }

  /**
   * Takes the lock if its file is there; nobody holds one whose file is not.
   *
   * @throws StorageRefusedException if it is held
   */
  static Optional<StoreLock> probe(Path directory) throws IOException {
    return Files.exists(directory.resolve(NAME)) ? Optional.of(take(directory)) : Optional.empty();
  }

  private static StorageRefusedException inUse(Path directory, String user) {
    return new StorageRefusedException(
        Reason.IN_USE,
        "%s has the store in %s open: close it there first".formatted(user, directory));
  }

  /** Gives the lock back. */
  @Override
  public void close() throws IOException {
    channel.close();
    HELD.remove(file);
  }
}
