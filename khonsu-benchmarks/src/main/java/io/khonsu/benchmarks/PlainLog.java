package io.khonsu.benchmarks;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The limit of what is durable here: records appended to one file that was filled beforehand, so
 * that a sync has no size to write, by whoever syncs for a group. It starts again at the front when
 * the file is full, and can read nothing back.
 */
final class PlainLog implements DurableContender {
  private static final int FILE_BYTES = 256 << 20;
  private static final int FILL_BYTES = 1 << 20;

  private final FileChannel file;
  private final GroupSync group = new GroupSync(this::writePending);
  private final Object monitor = new Object();
  private List<ByteBuffer> pending = new ArrayList<>();
  private long position;

  PlainLog(Path directory) throws IOException {
    file =
        FileChannel.open(
            directory.resolve("log"), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    ByteBuffer zeros = ByteBuffer.allocateDirect(FILL_BYTES);
    while (file.position() < FILE_BYTES) {
      var _ = file.write(zeros.clear());
    }
    file.force(true);
    file.position(0);
  }

  @Override
  public Session open() {
    return (item, value) -> {
      synchronized (monitor) {
        pending.add(ByteBuffer.wrap(value));
      }
      group.await();
    };
  }

  @Override
  public byte @Nullable [] read(int item) {
    return null;
  }

  @Override
  public void close() throws IOException {
    file.close();
  }

  private void writePending() throws IOException {
    List<ByteBuffer> taken;
    synchronized (monitor) {
      taken = pending;
      pending = new ArrayList<>();
    }
    ByteBuffer[] buffers = taken.toArray(ByteBuffer[]::new);
    long size = 0;
    for (ByteBuffer buffer : buffers) {
      size += buffer.remaining();
    }
    if (position + size > FILE_BYTES) {
      position = 0;
      file.position(0);
    }
    position += size;
    while (size > 0) {
      size -= file.write(buffers);
    }
    file.force(false);
  }
}
