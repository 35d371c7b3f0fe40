package io.khonsu.durable;

import io.khonsu.spi.DamagedStorageException;
import io.khonsu.spi.StorageRefusedException;
import io.khonsu.spi.StorageRefusedException.Reason;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * What the file of an {@link OwnedDisk} says. It is replaced as a whole: after a crash the former
 * one or the new one is there.
 *
 * <p>Format 1, a line each in UTF-8: {@code khonsu disk 1}; the owner; the engine; how many writes
 * the store was known to hold at least, 0 as long as nothing depends on it; the CRC32C of these
 * lines in hexadecimal.
 *
 * @param owner whose it is
 * @param engine what writes the store
 * @param writes how many writes it holds at least
 */
record OwnerFile(String owner, String engine, long writes) {
  static final String NAME = "khonsu.disk";

  /** What the next one is called as long as it is not whole. */
  static final String NEXT_NAME = NAME + ".next";

  private static final String FORMAT = "khonsu disk 1";

  /** Checks that each fits into a line. */
  OwnerFile {
    if (owner.lines().count() != 1 || engine.lines().count() != 1) {
      throw new IllegalArgumentException("owner and engine must be one line each");
    }
  }

  OwnerFile with(long count) {
    return new OwnerFile(owner, engine, count);
  }

  /**
   * Puts it into a directory, for good.
   *
   * @throws IOException if that fails, as when there is no room; the message names the file
   */
  void write(Path directory) throws IOException {
    try {
      replace(directory);
    } catch (IOException e) {
      throw new IOException(
          "%s cannot be written: %s".formatted(directory.resolve(NAME), e.getMessage()), e);
    }
  }

  private void replace(Path directory) throws IOException {
    String lines = "%s%n%s%n%s%n%d%n".formatted(FORMAT, owner, engine, writes);
    byte[] text = (lines + checksum(lines) + "\n").getBytes(StandardCharsets.UTF_8);
    Path next = directory.resolve(NEXT_NAME);
    try (FileChannel channel =
        FileChannel.open(
            next,
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE,
            StandardOpenOption.TRUNCATE_EXISTING)) {
      DurableFiles.write(channel, ByteBuffer.wrap(text), 0);
      channel.force(true);
    }
    Files.move(next, directory.resolve(NAME), StandardCopyOption.ATOMIC_MOVE);
    DurableFiles.syncDirectory(directory);
  }

  static OwnerFile read(Path directory) throws IOException {
    Path file = directory.resolve(NAME);
    String text = new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
    List<String> lines = text.lines().toList();
    if (!lines.isEmpty() && lines.getFirst().startsWith("khonsu disk ")) {
      checkFormat(file, lines.getFirst());
    }
    int end = text.length() - 1 - (lines.size() == 5 ? lines.getLast().length() : 0);
    if (lines.size() != 5 || !lines.getLast().equals(checksum(text.substring(0, end)))) {
      throw new DamagedStorageException(
          file + " is damaged: put it back from a copy of this directory");
    }
    return new OwnerFile(lines.get(1), lines.get(2), Long.parseLong(lines.get(3)));
  }

  private static void checkFormat(Path file, String format) throws StorageRefusedException {
    if (!format.equals(FORMAT)) {
      throw new StorageRefusedException(
          Reason.UNKNOWN_FORMAT,
          "%s begins with \"%s\", this program knows \"%s\": use the version of Khonsu that wrote it"
              .formatted(file, format, FORMAT));
    }
  }

  private static String checksum(String lines) {
    CRC32C crc = new CRC32C();
    crc.update(lines.getBytes(StandardCharsets.UTF_8));
    return Long.toHexString(crc.getValue());
  }
}
