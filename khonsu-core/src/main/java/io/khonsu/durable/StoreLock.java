package io.khonsu.durable;

import io.khonsu.spi.StorageRefusedException;
import io.khonsu.spi.StorageRefusedException.Reason;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Keeps a directory to one user at a time, among all processes. */
public final class StoreLock implements AutoCloseable {
  static final String NAME = "khonsu.lock";

  /**
   * The files that this process holds, however they are called: it must not open one of them again,
   * as closing it once more would give up the lock.
   */
  private static final Set<Object> HELD = ConcurrentHashMap.newKeySet();

  private final Object identity;
  private final FileChannel channel;

  private StoreLock(Object identity, FileChannel channel) {
    this.identity = identity;
    this.channel = channel;
  }

  /**
   * Takes the lock of an existing directory.
   *
   * @throws StorageRefusedException if it is held
   * @throws NoSuchFileException if there is no such directory
   */
  public static synchronized StoreLock take(Path directory) throws IOException {
    Path file = directory.toRealPath().resolve(NAME);
    try {
      return take(directory, file, identity(file, true));
    } catch (NoSuchFileException | OverlappingFileLockException e) {
      throw inUse(directory, "another user", e);
    }
  }

  private static StoreLock take(Path directory, Path file, Object identity) throws IOException {
    if (!HELD.add(identity)) {
      throw inUse(directory, "this process", null);
    }
    FileChannel channel = null;
    boolean taken = false;
    try {
      channel = FileChannel.open(file, StandardOpenOption.WRITE);
      // Whoever held it before may have deleted the file; then others lock the next of that name.
      taken = channel.tryLock() != null && identity.equals(identity(file, false));
      if (!taken) {
        throw inUse(directory, "another process", null);
      }
      return new StoreLock(identity, channel);
    } finally {
      if (!taken) {
        if (channel != null) {
          channel.close();
        }
        HELD.remove(identity);
      }
    }
  }

  /** {@return what tells a file from others, without opening it unless it is made} */
  private static Object identity(Path file, boolean makes) throws IOException {
    if (makes && !Files.exists(file)) {
      try {
        Files.createFile(file);
      } catch (FileAlreadyExistsException _) {
        return identity(file, false); // another was faster
      }
    }
    Object key = Files.readAttributes(file, BasicFileAttributes.class).fileKey();
    return key == null ? file : key; // not all file systems number their files
  }

  /**
   * Takes the lock if its file is there; nobody holds one whose file is not.
   *
   * @throws StorageRefusedException if it is held
   */
  static Optional<StoreLock> probe(Path directory) throws IOException {
    return Files.exists(directory.resolve(NAME)) ? Optional.of(take(directory)) : Optional.empty();
  }

  private static StorageRefusedException inUse(
      Path directory, String user, @Nullable Throwable cause) {
    return new StorageRefusedException(
        Reason.IN_USE,
        "%s has the store in %s open: close it there first".formatted(user, directory),
        cause);
  }

  /** Gives the lock back. */
  @Override
  public void close() throws IOException {
    channel.close();
    HELD.remove(identity);
  }
}
