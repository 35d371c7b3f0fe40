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
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The file that says whose a directory is, and how far its log was synced at least: what notices
 * that a log was lost, cut short or exchanged, as an empty log looks like a new one.
 *
 * <p>Format 1, numbers big-endian: two slots of 512 bytes, written in turn, of which the one with
 * the greater sequence number counts. A slot is magic in 8 bytes; format version in 4; phase in 4
 * (1 being created, 2 in use, 3 closed); sequence number in 8; the store's id in 16; incarnation in
 * 8: how often it was opened; the version up to which the log was synced in 8; the kind of log in 4
 * (1 key-value store, 2 segments); the length of the engine's name in 4 and the name; zeros; a
 * CRC32C of all of these in the last 4.
 */
final class StoreFile implements AutoCloseable {
  static final String NAME = "khonsu.store";

  /** What it is called until it is whole: so one that is damaged is never just unfinished. */
  static final String BEGUN_NAME = NAME + ".new";

  static final int FORMAT_VERSION = 1;
  static final int SLOT_BYTES = 512;

  private static final long MAGIC = 0x4B484F4E53544F52L; // "KHONSTOR"
  private static final int CHECKSUM_AT = SLOT_BYTES - Integer.BYTES;
  private static final int NAME_BYTES_MAX = 64;

  private final FileChannel channel;
  private Content content;

  /** What a directory is being used for. */
  enum Phase {
    CREATING,
    IN_USE,
    CLOSED
  }

  /** What is in the file. */
  record Content(
      Phase phase,
      long sequence,
      StoreId id,
      long incarnation,
      long syncedVersion,
      LogKind log,
      String engine) {
    Content next(Phase nextPhase, long nextIncarnation, long version) {
      return new Content(nextPhase, sequence + 1, id, nextIncarnation, version, log, engine);
    }
  }

  private StoreFile(FileChannel channel, Content content) {
    this.channel = channel;
    this.content = content;
  }

  /** {@return a new file for a store that is being created} */
  static StoreFile create(Path directory, LogKind log, String engine) throws IOException {
    Path begun = directory.resolve(BEGUN_NAME);
    Content first = new Content(Phase.CREATING, 0, StoreId.random(), 1, 0, log, engine);
    try (FileChannel channel =
        FileChannel.open(
            begun,
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE,
            StandardOpenOption.TRUNCATE_EXISTING)) {
      new StoreFile(channel, first).write(first);
    }
    Files.move(begun, directory.resolve(NAME), StandardCopyOption.ATOMIC_MOVE);
    DurableFiles.syncDirectory(directory);
    return open(directory);
  }

  static StoreFile open(Path directory) throws IOException {
    FileChannel channel =
        FileChannel.open(
            directory.resolve(NAME), StandardOpenOption.READ, StandardOpenOption.WRITE);
    boolean opened = false;
    try {
      StoreFile file = new StoreFile(channel, newest(directory, channel));
      opened = true;
      return file;
    } finally {
      if (!opened) {
        channel.close();
      }
    }
  }

  /** {@return what is in the file of a directory, without changing it} */
  static Content read(Path directory) throws IOException {
    try (FileChannel channel = FileChannel.open(directory.resolve(NAME), StandardOpenOption.READ)) {
      return newest(directory, channel);
    }
  }

  private static Content newest(Path directory, FileChannel channel) throws IOException {
    Content first = slot(DurableFiles.read(channel, 0, SLOT_BYTES));
    Content second = slot(DurableFiles.read(channel, SLOT_BYTES, SLOT_BYTES));
    Content newer =
        first == null || (second != null && second.sequence > first.sequence) ? second : first;
    if (newer == null) {
      throw new DamagedStorageException(
          "%s is damaged: its log and state may be whole, restore this file or a backup"
              .formatted(directory.resolve(NAME)));
    }
    return newer;
  }

  Content content() {
    return content;
  }

  /** Notes how far the log is synced now, and what the directory is used for. */
  void update(Phase phase, long syncedVersion) throws IOException {
    write(content.next(phase, content.incarnation, syncedVersion));
  }

  /**
   * Notes what the directory is used for, now that the store is made. In both slots: damage to one
   * must not look as if the store was still being created, with nothing in it.
   */
  void finishCreation(Phase phase, long syncedVersion) throws IOException {
    update(phase, syncedVersion);
    update(phase, syncedVersion);
  }

  /** Notes that it is used from now on, once more. */
  void begin(long syncedVersion) throws IOException {
    write(content.next(Phase.IN_USE, content.incarnation + 1, syncedVersion));
  }

  private void write(Content next) throws IOException {
    long at = next.sequence % 2 * SLOT_BYTES;
    DurableFiles.write(channel, ByteBuffer.wrap(bytes(next)), at);
    channel.force(true);
    content = next;
  }

  static byte[] bytes(Content content) {
    byte[] name = content.engine.getBytes(StandardCharsets.UTF_8);
    if (name.length > NAME_BYTES_MAX) {
      throw new IllegalArgumentException("the engine's name is too long: " + content.engine);
    }
    ByteBuffer slot = ByteBuffer.allocate(SLOT_BYTES);
    slot.putLong(MAGIC).putInt(FORMAT_VERSION).putInt(code(content.phase));
    slot.putLong(content.sequence);
    content.id.write(slot);
    slot.putLong(content.incarnation).putLong(content.syncedVersion);
    slot.putInt(content.log.code()).putInt(name.length).put(name);
    return slot.putInt(CHECKSUM_AT, checksum(slot.array())).array();
  }

  /** {@return what is in a slot, or null if it was not written, or not wholly} */
  static @Nullable Content slot(byte[] bytes) throws IOException {
    ByteBuffer slot = ByteBuffer.wrap(bytes);
    if (bytes.length < SLOT_BYTES || slot.getLong() != MAGIC) {
      return null;
    }
    int format = slot.getInt();
    if (format != FORMAT_VERSION) {
      throw new StorageRefusedException(
          Reason.UNKNOWN_FORMAT,
          "%s has format version %d, this program knows version %d: use the version of Khonsu that"
                  .formatted(NAME, format, FORMAT_VERSION)
              + " wrote it");
    }
    if (slot.getInt(CHECKSUM_AT) != checksum(bytes)) {
      return null;
    }
    Phase phase = phase(slot.getInt());
    long sequence = slot.getLong();
    StoreId id = StoreId.read(slot);
    long incarnation = slot.getLong();
    long synced = slot.getLong();
    LogKind log = LogKind.of(slot.getInt());
    int length = slot.getInt();
    if (length < 0 || length > NAME_BYTES_MAX) {
      throw new DamagedStorageException(NAME + " names no engine");
    }
    byte[] name = new byte[length];
    slot.get(name);
    String engine = new String(name, StandardCharsets.UTF_8);
    return new Content(phase, sequence, id, incarnation, synced, log, engine);
  }

  private static int code(Phase phase) {
    return switch (phase) {
      case CREATING -> 1;
      case IN_USE -> 2;
      case CLOSED -> 3;
    };
  }

  private static Phase phase(int code) throws DamagedStorageException {
    return switch (code) {
      case 1 -> Phase.CREATING;
      case 2 -> Phase.IN_USE;
      case 3 -> Phase.CLOSED;
      default -> throw new DamagedStorageException(NAME + " has phase " + code);
    };
  }

  private static int checksum(byte[] slot) {
    CRC32C crc = new CRC32C();
    crc.update(slot, 0, CHECKSUM_AT);
    return (int) crc.getValue();
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
