package io.khonsu.benchmarks;

import java.nio.ByteBuffer;
import java.util.concurrent.ConcurrentHashMap;

/** The items of a replica that is written here around a library of logs: a map of byte arrays. */
final class ItemMap {
  private final ConcurrentHashMap<Integer, byte[]> items = new ConcurrentHashMap<>();

  /** {@return an entry of the log: the item, then its value} */
  static ByteBuffer entry(int item, byte[] value) {
    return ByteBuffer.allocate(Integer.BYTES + value.length).putInt(item).put(value).flip();
  }

  /** Applies an entry, which stays as it is: it may still be on its way to other replicas. */
  void apply(ByteBuffer entry) {
    ByteBuffer own = entry.duplicate();
    int item = own.getInt();
    byte[] value = new byte[own.remaining()];
    own.get(value);
    items.put(item, value);
  }

  /** {@return what an item has, which must be there} */
  byte[] read(int item) {
    return CommitPath.present(item, items.get(item));
  }
}
