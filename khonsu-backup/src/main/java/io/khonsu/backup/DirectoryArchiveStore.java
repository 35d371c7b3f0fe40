package io.khonsu.backup;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * An archive in a directory, local or of a network file system that has hard links.
 *
 * <p>An object is written to a temporary file beside the others, synced, and linked to its name,
 * which fails if there is one; then the directory is synced. Symbolic links below the directory are
 * not followed.
 */
public final class DirectoryArchiveStore implements ArchiveStore {
  /** Begins with a point, so that no object can be called so. */
  private static final String TEMPORARY = ".temporary";

  /** The character after the slash: what is in a directory comes before its name and this. */
  private static final char AFTER_SLASH = '0';

  /** Older ones were left by a crash: nobody writes one object for so long. */
  private static final Duration TEMPORARY_AGE_MAX = Duration.ofDays(1);

  private final Path root;

  /** Whether it was looked for temporary files that were left. */
  private final AtomicBoolean isTidied = new AtomicBoolean();

  private DirectoryArchiveStore(Path root) {
    this.root = root;
  }

  /** {@return the archive in a directory, which is created if it is missing} */
  public static DirectoryArchiveStore create(Path directory) throws IOException {
    makeDirectories(directory.toAbsolutePath());
    return open(directory);
  }

  /**
   * {@return the archive in a directory, which is looked for when it is needed, and created when
   * something is first written} So one that is not there now may be there later.
   */
  public static DirectoryArchiveStore at(Path directory) {
    return new DirectoryArchiveStore(directory.toAbsolutePath().normalize());
  }

  /**
   * {@return the archive in a directory}
   *
   * @throws NotDirectoryException if there is no such directory
   */
  public static DirectoryArchiveStore open(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) {
      throw new NotDirectoryException(directory.toString());
    }
    DirectoryArchiveStore store = new DirectoryArchiveStore(directory.toRealPath());
    store.tidyOnce();
    return store;
  }

  /**
   * Removes temporary files that were left. If the writer of one lives after all, it cannot link
   * it, and fails as if the disk had.
   */
  private void tidyOnce() throws IOException {
    Path directory = root.resolve(TEMPORARY);
    if (isTidied.getAndSet(true) || !Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    Instant oldest = Instant.now().minus(TEMPORARY_AGE_MAX);
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
      for (Path file : files) {
        removeIfOlder(file, oldest);
      }
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
  }

  private static void removeIfOlder(Path file, Instant oldest) throws IOException {
    try {
      if (isOlder(file, oldest)) {
        Files.deleteIfExists(file);
      }
    } catch (NoSuchFileException _) {
      // Somebody who has just finished writing has removed it.
    }
  }

  @Override
  public boolean putIfAbsent(String name, Content content) throws IOException {
    tidyOnce();
    Path target = path(name);
    if (Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
      try {
        return touch(target);
      } catch (NoSuchFileException _) {
        // Deleted meanwhile: it is written again.
      }
    }
    Path temporary = temporary();
    try {
      write(temporary, content);
      Path parent = makeDirectories(parentOf(target));
      Files.createLink(target, temporary);
      Trees.syncOne(parent);
      return true;
    } catch (FileAlreadyExistsException _) {
      return touch(target);
    } catch (UnsupportedOperationException e) {
      throw new IOException(
          "%s is on a file system without hard links: use another".formatted(root), e);
    } finally {
      Files.deleteIfExists(temporary);
    }
  }

  /** {@return a new name for a file that is no object} */
  private Path temporary() throws IOException {
    return makeDirectories(root.resolve(TEMPORARY)).resolve(UUID.randomUUID().toString());
  }

  @Override
  public InputStream open(String name) throws IOException {
    Path path = path(name);
    if (!Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
      throw new NoSuchFileException(path.toString());
    }
    return Files.newInputStream(path, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS);
  }

  @Override
  public List<StoredObject> list(String prefix) throws IOException {
    return list(prefix, "");
  }

  @Override
  public List<StoredObject> list(String prefix, String after) throws IOException {
    Path directory = root;
    if (!prefix.isEmpty()) {
      directory = checkNoLink(path(prefix.substring(0, prefix.length() - 1)));
    }
    List<StoredObject> objects = new ArrayList<>();
    list(directory, prefix, after, objects);
    objects.sort(Comparator.comparing(StoredObject::name));
    return objects;
  }

  /** Gathers objects, while others come and go. */
  private void list(Path directory, String prefix, String after, List<StoredObject> objects)
      throws IOException {
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
      for (Path entry : entries) {
        String name = prefix + entry.getFileName();
        if (!isAllUpTo(name, after) && !name.equals(TEMPORARY)) {
          listEntry(entry, name, after, objects);
        }
      }
    } catch (NoSuchFileException _) {
      // Deleted meanwhile, or nothing has this prefix.
    } catch (NotDirectoryException e) {
      if (directory.equals(root)) {
        throw e;
      }
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
  }

  /** {@return whether an object of this name, and all below it, come not after {@code after}} */
  private static boolean isAllUpTo(String name, String after) {
    return name.compareTo(after) <= 0 && (name + AFTER_SLASH).compareTo(after) <= 0;
  }

  private void listEntry(Path entry, String name, String after, List<StoredObject> objects)
      throws IOException {
    BasicFileAttributes attributes;
    try {
      attributes =
          Files.readAttributes(entry, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    } catch (NoSuchFileException _) {
      return; // deleted meanwhile
    }
    if (attributes.isDirectory()) {
      list(entry, name + '/', after, objects);
    } else if (attributes.isRegularFile() && name.compareTo(after) > 0) {
      objects.add(
          new StoredObject(name, attributes.size(), attributes.lastModifiedTime().toInstant()));
    }
  }

  @Override
  public void delete(String name) throws IOException {
    Path path = path(name);
    if (Files.deleteIfExists(path)) {
      Trees.syncOne(parentOf(path));
    }
  }

  /*
   * It is taken away under another name first. So whoever touches it either did so before, which is
   * seen then, and it comes back; or he does not find it any more, and writes it.
   */
  @Override
  public boolean deleteIfOlder(String name, Instant than) throws IOException {
    Path path = path(name);
    Path taken = temporary();
    try {
      if (!isOlder(path, than)) {
        return false;
      }
      Files.move(path, taken, StandardCopyOption.ATOMIC_MOVE);
    } catch (NoSuchFileException _) {
      return false; // somebody else has removed it
    }
    try {
      boolean goes = isOlder(taken, than);
      if (!goes) {
        Files.createLink(path, taken);
      }
      return goes;
    } catch (FileAlreadyExistsException _) {
      return false; // it was written again meanwhile
    } catch (NoSuchFileException _) {
      return true; // it looked like a temporary file that was left: only old ones do
    } finally {
      Trees.syncOne(parentOf(path));
      Files.deleteIfExists(taken);
    }
  }

  private static boolean isOlder(Path file, Instant than) throws IOException {
    return Files.getLastModifiedTime(file, LinkOption.NOFOLLOW_LINKS).toInstant().isBefore(than);
  }

  @Override
  public String toString() {
    return root.toString();
  }

  /** {@return where an object is; no part of the way there is a symbolic link} */
  private Path path(String name) throws IOException {
    Path path = root.resolve(ArchiveStore.checkName(name));
    for (Path part = parentOf(path); !part.equals(root); part = parentOf(part)) {
      var _ = checkNoLink(part);
    }
    return path;
  }

  private static Path checkNoLink(Path path) throws IOException {
    if (Files.isSymbolicLink(path)) {
      throw new IOException("%s is a symbolic link: an archive has none".formatted(path));
    }
    return path;
  }

  private static boolean touch(Path target) throws IOException {
    Files.setLastModifiedTime(target, FileTime.from(Instant.now()));
    Trees.syncOne(target); // its time keeps it from being pruned
    Trees.syncOne(parentOf(target)); // whoever linked it may not have come to that yet
    return false;
  }

  private static void write(Path file, Content content) throws IOException {
    try (FileChannel channel =
            FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        OutputStream out = new BufferedOutputStream(Channels.newOutputStream(channel), 1 << 16)) {
      content.writeTo(out);
      out.flush();
      channel.force(true);
    }
  }

  /** Makes a directory and those above it, durably. */
  private static Path makeDirectories(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) {
      Path parent = makeDirectories(parentOf(directory));
      try {
        Files.createDirectory(directory);
      } catch (FileAlreadyExistsException e) {
        if (!Files.isDirectory(directory)) {
          throw e;
        }
      }
      Trees.syncOne(parent);
    }
    return directory;
  }

  private static Path parentOf(Path path) throws IOException {
    Path parent = path.getParent();
    if (parent == null) {
      throw new NotDirectoryException(path.toString());
    }
    return parent;
  }
}
