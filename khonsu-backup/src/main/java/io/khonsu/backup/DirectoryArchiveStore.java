package io.khonsu.backup;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;

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

  /** Older ones were left by a crash: nobody writes one object for so long. */
  private static final Duration TEMPORARY_AGE_MAX = Duration.ofDays(1);

  private final Path root;

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
    store.removeTemporaries();
    return store;
  }

  private void removeTemporaries() throws IOException {
    Path directory = root.resolve(TEMPORARY);
    if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    FileTime oldest = FileTime.from(Instant.now().minus(TEMPORARY_AGE_MAX));
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
      for (Path file : files) {
        removeIfOlder(file, oldest);
      }
    }
  }

  private static void removeIfOlder(Path file, FileTime oldest) throws IOException {
    try {
      if (Files.getLastModifiedTime(file, LinkOption.NOFOLLOW_LINKS).compareTo(oldest) < 0) {
        Files.deleteIfExists(file);
      }
    } catch (NoSuchFileException _) {
      // Somebody who has just finished writing has removed it.
    }
  }

  @Override
  public boolean putIfAbsent(String name, Content content) throws IOException {
    Path target = path(name);
    if (Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
      return touch(target);
    }
    Path temporary = makeDirectories(root.resolve(TEMPORARY)).resolve(UUID.randomUUID().toString());
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
    // A walk does not begin behind a link; only the way to the archive may have one.
    Path base = Files.exists(root) ? root.toRealPath() : root;
    String below = prefix.isEmpty() ? "" : prefix.substring(0, prefix.length() - 1);
    if (!below.isEmpty()) {
      var _ = path(below); // which checks it
    }
    Listing listing = new Listing(base);
    var _ = Files.walkFileTree(base.resolve(below), listing);
    listing.objects.sort(Comparator.comparing(StoredObject::name));
    return listing.objects;
  }

  /** Gathers objects, while others come and go. */
  private static final class Listing extends SimpleFileVisitor<Path> {
    private final Path base;
    private final List<StoredObject> objects = new ArrayList<>();

    private Listing(Path base) {
      this.base = base;
    }

    @Override
    public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) {
      return directory.equals(base.resolve(TEMPORARY))
          ? FileVisitResult.SKIP_SUBTREE
          : FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult visitFile(Path path, BasicFileAttributes attributes) {
      if (attributes.isRegularFile()) {
        String name = base.relativize(path).toString().replace('\\', '/');
        objects.add(
            new StoredObject(name, attributes.size(), attributes.lastModifiedTime().toInstant()));
      }
      return FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult visitFileFailed(Path path, IOException cause) throws IOException {
      if (cause instanceof NoSuchFileException) {
        return FileVisitResult.CONTINUE; // deleted meanwhile, or nothing has this prefix
      }
      throw cause;
    }
  }

  @Override
  public void delete(String name) throws IOException {
    Path path = path(name);
    if (Files.deleteIfExists(path)) {
      Trees.syncOne(parentOf(path));
    }
  }

  @Override
  public String toString() {
    return root.toString();
  }

  /** {@return where an object is; no part of the way there is a symbolic link} */
  private Path path(String name) throws IOException {
    Path path = root.resolve(ArchiveStore.checkName(name));
    for (Path part = parentOf(path); !part.equals(root); part = parentOf(part)) {
      if (Files.isSymbolicLink(part)) {
        throw new IOException("%s is a symbolic link: an archive has none".formatted(part));
      }
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
