package io.khonsu.durable;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The segment that will be written to next: a thread fills it with zeros while the one before is
 * being used. Used by the appending thread alone, but for {@link #close}.
 */
final class SpareSegment implements AutoCloseable {
  private final Path file;
  private final Path directory;
  private final long segmentBytes;
  private @Nullable CompletableFuture<Boolean> made;

  /** Removes one that was left, as it may be half made. */
  SpareSegment(Path directory, long segmentBytes) throws IOException {
    this(segmentBytes, directory);
    Files.deleteIfExists(file);
  }

  private SpareSegment(long segmentBytes, Path directory) {
    this.directory = directory;
    this.segmentBytes = segmentBytes;
    this.file = directory.resolve("spare");
  }

  /** {@return one that is never taken, and changes nothing} */
  static SpareSegment none(Path directory) {
    return new SpareSegment(0, directory);
  }

  /** What has to happen before a segment gets its name. */
  @FunctionalInterface
  interface Step {
    /** Does it. */
    void run() throws IOException;
  }

  /** Makes a file of zeros with a header, and syncs it; the directory is left to the caller. */
  static void make(Path file, long sizeBytes, byte[] header) throws IOException {
    try (FileChannel channel =
        FileChannel.open(
            file,
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE,
            StandardOpenOption.TRUNCATE_EXISTING)) {
      DurableFiles.fillWithZeros(channel, 0, sizeBytes);
      DurableFiles.write(channel, ByteBuffer.wrap(header), 0);
      channel.force(true);
    }
  }

  /**
   * Gives a segment its name, after all else succeeded, and begins to make the next one.
   *
   * @param header what it begins with
   * @param step what must succeed before
   * @return its size, at least {@code neededBytes}
   */
  long take(Path target, long neededBytes, byte[] header, Step step) throws IOException {
    long size = Math.max(segmentBytes, neededBytes);
    boolean isReady = isMade(); // also if it is too small: nobody else may write to the file now
    if (size > segmentBytes || !isReady) {
      make(file, size, header);
    }
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      DurableFiles.write(channel, ByteBuffer.wrap(header), 0);
      channel.force(true);
    }
    step.run();
    Files.move(file, target, StandardCopyOption.ATOMIC_MOVE);
    DurableFiles.syncDirectory(directory);
    made = begin();
    return size;
  }

  private @Nullable CompletableFuture<Boolean> begin() {
    try {
      return CompletableFuture.supplyAsync(this::makeSpare, SpareSegment::start);
    } catch (OutOfMemoryError _) { // there is no room for a thread
      return null; // made when it is needed
    }
  }

  private static void start(Runnable task) {
    Thread.ofPlatform().daemon().name("khonsu-log-spare").start(task);
  }

  private boolean makeSpare() {
    try {
      make(file, segmentBytes, new byte[0]);
      return true;
    } catch (IOException _) {
      return false; // tried again, and reported, when it is needed
    }
  }

  /** Waits until nobody makes it any more, whatever interrupts; {@return whether it is whole} */
  private boolean isMade() {
    CompletableFuture<Boolean> pending = made;
    made = null;
    return pending != null
        && pending.handle((isWhole, failure) -> failure == null && isWhole).join()
        && Files.exists(file);
  }

  /** Waits for a file being made, and deletes it. */
  @Override
  public void close() throws IOException {
    if (isMade()) {
      Files.deleteIfExists(file);
    }
  }
}
