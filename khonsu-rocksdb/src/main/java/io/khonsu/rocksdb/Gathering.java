package io.khonsu.rocksdb;

import io.khonsu.spi.KeyValueBatch;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.Function;
import org.rocksdb.ColumnFamilyHandle;
import org.rocksdb.RocksDBException;
import org.rocksdb.WriteBatch;

/**
 * Changes on their way to RocksDB. It is used for one write after another, as memory outside the
 * heap that is freed and taken again has to be cleared again by the system. Not thread-safe.
 */
final class Gathering implements KeyValueBatch.Visitor, AutoCloseable {
  /** What was larger is not kept for another write. */
  private static final int KEPT_BYTES_MAX = 8 << 20;

  /** Values of fewer bytes are handed over as arrays, which takes one more copy, but less work. */
  private static final int DIRECT_BYTES_MIN = 4 << 10;

  private final Function<String, ColumnFamilyHandle> spaces;
  private final WriteBatch writes = new WriteBatch();

  /** Where keys and values are put for RocksDB to read. */
  private ByteBuffer room = ByteBuffer.allocateDirect(64 << 10);

  /** Gathers changes to spaces that these are the handles of. */
  Gathering(Function<String, ColumnFamilyHandle> spaces) {
    this.spaces = spaces;
  }

  /** {@return what was gathered; valid until this is cleared or closed} */
  WriteBatch writes() {
    return writes;
  }

  /** Forgets what was gathered; {@return whether this is small enough to be used again} */
  boolean clear() {
    boolean isSmall = writes.getDataSize() <= KEPT_BYTES_MAX;
    writes.clear();
    return isSmall;
  }

  @Override
  public void put(String space, byte[] key, byte[] value) throws IOException {
    if (value.length < DIRECT_BYTES_MIN) {
      add(() -> writes.put(spaces.apply(space), key, value));
    } else {
      put(space, key, List.of(ByteBuffer.wrap(value)));
    }
  }

  @Override
  public void put(String space, byte[] key, List<ByteBuffer> parts) throws IOException {
    long size = key.length;
    for (ByteBuffer part : parts) {
      size += part.remaining();
    }
    if (size > KEPT_BYTES_MAX) {
      byte[] value = KeyValueBatch.joined(parts);
      add(() -> writes.put(spaces.apply(space), key, value));
      return;
    }
    if (size > room.capacity()) {
      room = ByteBuffer.allocateDirect((int) Math.max(size, 2L * room.capacity()));
    }
    ByteBuffer all = room.clear().put(key);
    parts.forEach(part -> all.put(part.duplicate()));
    ByteBuffer itsKey = room.slice(0, key.length);
    ByteBuffer itsValue = room.slice(key.length, all.position() - key.length);
    add(() -> writes.put(spaces.apply(space), itsKey, itsValue));
  }

  @Override
  public void delete(String space, byte[] key) throws IOException {
    add(() -> writes.delete(spaces.apply(space), key));
  }

  @Override
  public void deleteRange(String space, byte[] from, byte[] to) throws IOException {
    add(() -> writes.deleteRange(spaces.apply(space), from, to));
  }

  private static void add(Change change) throws IOException {
    try {
      change.run();
    } catch (RocksDBException e) {
      throw RocksDbEngine.explained("gather a batch", e);
    }
  }

  @Override
  public void close() {
    writes.close();
  }

  /** One change of a batch. */
  @FunctionalInterface
  private interface Change {
    void run() throws RocksDBException;
  }
}
