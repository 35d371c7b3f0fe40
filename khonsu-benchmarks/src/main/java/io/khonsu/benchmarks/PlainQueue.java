package io.khonsu.benchmarks;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import org.jspecify.annotations.Nullable;

/** What waits in a process of the plain logs until its one thread takes it. Thread-safe. */
final class PlainQueue {
  private static final int GROUP_MAX = 4096;
  private static final int GROUP_BYTES_MAX = 1 << 20;

  private final LinkedBlockingQueue<Item> items = new LinkedBlockingQueue<>();

  /**
   * What waits.
   *
   * @param value what was committed here, or a frame of another process
   * @param committed null for a frame
   */
  @SuppressWarnings("ArrayRecordComponent") // handed over, never compared
  record Item(byte[] value, @Nullable CompletableFuture<Boolean> committed) {
    /** {@return whether it was committed here, by one who waits for it} */
    boolean isOwn() {
      return committed != null;
    }

    /** Lets go who waits for it, if that is here. */
    void complete() {
      if (committed != null) {
        committed.complete(true);
      }
    }
  }

  /** What is sent at once, as a frame that begins with its number. */
  record Group(long number, List<Item> items) {
    byte[] frame() {
      return joined(numbered(number), items);
    }
  }

  /** Adds a value, and waits until its item is completed. */
  void commit(byte[] value) throws InterruptedException, ExecutionException {
    CompletableFuture<Boolean> committed = new CompletableFuture<>();
    items.add(new Item(value, committed));
    var _ = committed.get();
  }

  /** Adds what another process has sent. */
  void add(byte[] frame) {
    items.add(new Item(frame, null));
  }

  /** {@return what has gathered, up to a number of bytes; waits for the first} */
  List<Item> take() throws InterruptedException {
    List<Item> taken = new ArrayList<>();
    Item next = items.take();
    for (int bytes = 0; next != null; ) {
      taken.add(next);
      bytes += next.value.length;
      next = bytes < GROUP_BYTES_MAX && taken.size() < GROUP_MAX ? items.poll() : null;
    }
    return taken;
  }

  static byte[] joined(byte[] head, List<Item> items) {
    ByteArrayOutputStream frame = new ByteArrayOutputStream();
    frame.writeBytes(head);
    items.forEach(item -> frame.writeBytes(item.value));
    return frame.toByteArray();
  }

  /** {@return the frame that is only a number} */
  static byte[] numbered(long number) {
    return ByteBuffer.allocate(Long.BYTES).putLong(number).array();
  }

  /** {@return the number that a frame begins with} */
  static long numberOf(byte[] frame) {
    return ByteBuffer.wrap(frame).getLong();
  }
}
