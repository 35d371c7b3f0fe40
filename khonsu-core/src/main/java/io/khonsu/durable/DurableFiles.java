package io.khonsu.durable;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** What files and directories need so that they survive a power failure. */
final class DurableFiles {
  private static final int PIECE_BYTES = 1 << 20;

  private DurableFiles() {}

  /** Makes the entries of a directory durable: files made, renamed or deleted in it. */
  static void syncDirectory(Path directory) throws IOException {
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  /** Makes a directory, and those above it that there are not, all durable. */
  static void createDirectory(Path directory) throws IOException {
    Path parent = directory.toAbsolutePath().getParent();
    if (parent != null && !Files.exists(parent)) {
      createDirectory(parent);
    }
    Files.createDirectory(directory);
    syncParent(directory);
  }

  /** Makes durable which entries the directory above has. */
  static void syncParent(Path file) throws IOException {
    Path parent = file.toAbsolutePath().normalize().getParent();
    if (parent != null) {
      syncDirectory(parent);
    }
  }

  /** The same for a directory that was there: one in what may not be read others made, long ago. */
  static void syncReadableParent(Path directory) throws IOException {
    Path parent = directory.toAbsolutePath().normalize().getParent();
    if (parent != null && Files.isReadable(parent)) {
      syncDirectory(parent);
    }
  }

  /** Deletes a file durably, if it is there. */
  static void delete(Path file) throws IOException {
    if (Files.deleteIfExists(file)) {
      syncParent(file);
    }
  }

  /** Fills a part of a file with zeros, so that writing there later changes its data alone. */
  static void fillWithZeros(FileChannel channel, long from, long to) throws IOException {
    ByteBuffer zeros = ByteBuffer.allocateDirect(PIECE_BYTES);
    long at = from;
    while (at < to) {
      zeros.clear().limit((int) Math.min(PIECE_BYTES, to - at));
      at += channel.write(zeros, at);
    }
  }

  /** Writes the beginning of a file once more as it is. */
  static void rewrite(FileChannel channel, long to) throws IOException {
    for (long at = 0; at < to; at += PIECE_BYTES) {
      int length = (int) Math.min(PIECE_BYTES, to - at);
      write(channel, ByteBuffer.wrap(read(channel, at, length)), at);
    }
  }

  /** Writes all that remains in a buffer. */
  static void write(FileChannel channel, ByteBuffer source, long from) throws IOException {
    long at = from;
    while (source.hasRemaining()) {
      at += channel.write(source, at);
    }
  }

  /** {@return the bytes of a part of a file, or of as much of it as there is} */
  static byte[] read(FileChannel channel, long from, int length) throws IOException {
    ByteBuffer target = ByteBuffer.allocate(length);
    int count = 0;
    while (target.hasRemaining() && count >= 0) {
      count = channel.read(target, from + target.position());
    }
    return target.hasRemaining()
        ? Arrays.copyOf(target.array(), target.position())
        : target.array();
  }

  /** {@return the entries of a directory, by name} */
  static List<Path> list(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.sorted(Comparator.comparing(file -> file.getFileName().toString())).toList();
    }
  }

  /** Deletes a directory with all that is in it. */
  static void deleteTree(Path directory) throws IOException {
    if (Files.exists(directory)) {
      try (Stream<Path> files = Files.walk(directory)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }
}
