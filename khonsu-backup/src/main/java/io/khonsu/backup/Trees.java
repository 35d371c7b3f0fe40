package io.khonsu.backup;

import io.khonsu.durable.RestoredStore;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** Whole directories. */
final class Trees {
  private Trees() {}

  /** Deletes a directory and all in it, if it exists; links are deleted, not followed. */
  static void delete(Path directory) throws IOException {
    if (Files.exists(directory, LinkOption.NOFOLLOW_LINKS)) {
      for (Path path : all(directory).reversed()) {
        Files.delete(path);
      }
    }
  }

  /** {@return the regular files in a directory and below, in the order of their names} */
  static List<Path> files(Path directory) throws IOException {
    return all(directory).stream()
        .filter(path -> Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS))
        .toList();
  }

  /** Makes durable which files are in a directory and below, and what is in them but for locks. */
  static void sync(Path directory) throws IOException {
    for (Path path : all(directory)) {
      if (!path.endsWith(RestoredStore.LOCK_FILE)) {
        syncOne(path);
      }
    }
  }

  /** Makes durable what is in a file, or which entries a directory has. */
  static void syncOne(Path path) throws IOException {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  /** {@return a directory and what is in it, what is above first} */
  private static List<Path> all(Path directory) throws IOException {
    try (Stream<Path> walk = Files.walk(directory)) {
      return walk.sorted(Comparator.naturalOrder()).toList();
    }
  }
}
