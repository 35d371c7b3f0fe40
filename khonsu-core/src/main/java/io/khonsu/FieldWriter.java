package io.khonsu;

import io.khonsu.mvcc.Key;
import io.khonsu.mvcc.KeyInterval;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;

/**
 * Writes what requests, questions and answers consist of: numbers big-endian, in 8 bytes or 4;
 * bytes, keys and lists behind their length in 4. Not thread-safe.
 */
final class FieldWriter {
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

  private byte[] written;
  private int size;

  /** Begins with nothing, and room for so many bytes; more is made when it is needed. */
  FieldWriter(int roomBytes) {
    this.written = new byte[roomBytes];
  }

  /** {@return the array, with room for so many bytes more} */
  private byte[] room(int bytes) {
    int needed = Math.addExact(size, bytes);
    if (needed > written.length) {
      long doubled = Math.min(2L * written.length, Integer.MAX_VALUE - 16);
      written = Arrays.copyOf(written, Math.max(needed, (int) doubled));
    }
    return written;
  }

  void write(int value) {
    room(1)[size] = (byte) value;
    size++;
  }

  void number(long value) {
    LONG.set(room(Long.BYTES), size, value);
    size += Long.BYTES;
  }

  void integer(int value) {
    INT.set(room(Integer.BYTES), size, value);
    size += Integer.BYTES;
  }

  void bytes(byte[] value) {
    integer(value.length);
    System.arraycopy(value, 0, room(value.length), size, value.length);
    size += value.length;
  }

  void key(Key key) {
    bytes(key.toBytes());
  }

  void interval(KeyInterval interval) {
    key(interval.from());
    Key to = interval.to();
    write(to == null ? 0 : 1);
    if (to != null) {
      key(to);
    }
  }

  void keys(List<Key> keys) {
    integer(keys.size());
    keys.forEach(this::key);
  }

  /** {@return what was written; the writer must not be used any more} */
  byte[] finish() {
    return size == written.length ? written : Arrays.copyOf(written, size);
  }
}
