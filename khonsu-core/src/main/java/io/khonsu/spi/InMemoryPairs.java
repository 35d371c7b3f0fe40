package io.khonsu.spi;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The pairs of one store on the heap: as they are, and as a crash would leave them. */
final class InMemoryPairs {
  private final Map<String, NavigableMap<byte[], byte[]>> live = new TreeMap<>();
  private final Map<String, NavigableMap<byte[], byte[]>> durable = new TreeMap<>();
  private final List<KeyValueBatch> unsynced = new ArrayList<>();
  private final boolean isScratch;

  /**
   * Creates one without pairs.
   *
   * @param isScratch whether a crash may leave none of the writes that were not synced
   */
  InMemoryPairs(List<String> spaces, boolean isScratch) {
    this.isScratch = isScratch;
    for (String space : spaces) {
      live.put(space, new TreeMap<>(Arrays::compareUnsigned));
      durable.put(space, new TreeMap<>(Arrays::compareUnsigned));
    }
  }

  void checkSpaces(List<String> spaces) throws IOException {
    if (!live.keySet().equals(Set.copyOf(spaces))) {
      throw new IOException("the spaces are %s, not %s".formatted(live.keySet(), spaces));
    }
  }

  synchronized byte @Nullable [] get(String space, byte[] key) {
    byte[] value = pairs(live, space).get(key);
    return value == null ? null : value.clone();
  }

  synchronized byte @Nullable [] lastKey(String space) {
    NavigableMap<byte[], byte[]> pairs = pairs(live, space);
    return pairs.isEmpty() ? null : pairs.lastKey().clone();
  }

  /** {@return copies of keys and values in turn} */
  synchronized List<byte[]> range(String space, byte[] from, byte @Nullable [] to) {
    List<byte[]> pairs = new ArrayList<>();
    part(pairs(live, space), from, to)
        .forEach((key, value) -> {
          pairs.add(key.clone());
          pairs.add(value.clone());
        });
    return pairs;
  }

  synchronized void write(KeyValueBatch batch) throws IOException {
    KeyValueBatch copy = copyOf(batch);
    apply(copy, live);
    if (!isScratch) {
      unsynced.add(copy);
    }
  }

  /** Drops a range, also from what a crash would leave, but for what was not synced yet. */
  synchronized void reclaim(String space, byte[] from, byte[] to) {
    part(pairs(live, space), from, to).clear();
    part(pairs(durable, space), from, to).clear();
  }

  synchronized void sync() throws IOException {
    if (isScratch) {
      copy(live, durable);
    }
    for (KeyValueBatch batch : unsynced) {
      apply(batch, durable);
    }
    unsynced.clear();
  }

  synchronized void crash(int keptWrites) {
    for (KeyValueBatch batch : unsynced.subList(0, Math.min(keptWrites, unsynced.size()))) {
      try {
        apply(batch, durable);
      } catch (IOException e) {
        throw new AssertionError("maps on the heap do not fail", e);
      }
    }
    unsynced.clear();
    copy(durable, live);
  }

  private static void copy(
      Map<String, NavigableMap<byte[], byte[]>> from,
      Map<String, NavigableMap<byte[], byte[]>> to) {
    from.forEach((space, pairs) -> {
      pairs(to, space).clear();
      pairs(to, space).putAll(pairs);
    });
  }

  /** {@return a copy of all that was written, synced} */
  synchronized InMemoryPairs synced() {
    InMemoryPairs copy = new InMemoryPairs(List.copyOf(live.keySet()), isScratch);
    live.forEach((space, pairs) -> {
      pairs(copy.live, space).putAll(pairs);
      pairs(copy.durable, space).putAll(pairs);
    });
    return copy;
  }

  synchronized long sizeBytes() {
    long total = 0;
    for (NavigableMap<byte[], byte[]> pairs : live.values()) {
      for (Map.Entry<byte[], byte[]> pair : pairs.entrySet()) {
        total += pair.getKey().length + pair.getValue().length;
      }
    }
    return total;
  }

  private static KeyValueBatch copyOf(KeyValueBatch batch) throws IOException {
    KeyValueBatch copy = new KeyValueBatch();
    batch.forEach(
        new KeyValueBatch.Visitor() {
          @Override
          public void put(String space, byte[] key, byte[] value) {
            var _ = copy.put(space, key.clone(), value.clone());
          }

          @Override
          public void delete(String space, byte[] key) {
            var _ = copy.delete(space, key.clone());
          }

          @Override
          public void deleteRange(String space, byte[] from, byte[] to) {
            var _ = copy.deleteRange(space, from.clone(), to.clone());
          }
        });
    return copy;
  }

  private static void apply(KeyValueBatch batch, Map<String, NavigableMap<byte[], byte[]>> spaces)
      throws IOException {
    batch.forEach(
        new KeyValueBatch.Visitor() {
          @Override
          public void put(String space, byte[] key, byte[] value) {
            pairs(spaces, space).put(key, value);
          }

          @Override
          public void delete(String space, byte[] key) {
            pairs(spaces, space).remove(key);
          }

          @Override
          public void deleteRange(String space, byte[] from, byte[] to) {
            part(pairs(spaces, space), from, to).clear();
          }
        });
  }

  private static NavigableMap<byte[], byte[]> part(
      NavigableMap<byte[], byte[]> pairs, byte[] from, byte @Nullable [] to) {
    if (to == null) {
      return pairs.tailMap(from, true);
    }
    boolean isEmpty = Arrays.compareUnsigned(from, to) > 0;
    return isEmpty ? new TreeMap<>(Arrays::compareUnsigned) : pairs.subMap(from, true, to, false);
  }

  private static NavigableMap<byte[], byte[]> pairs(
      Map<String, NavigableMap<byte[], byte[]>> spaces, String space) {
    NavigableMap<byte[], byte[]> pairs = spaces.get(space);
    if (pairs == null) {
      throw new IllegalArgumentException(
          "there is no space \"%s\", only %s".formatted(space, spaces.keySet()));
    }
    return pairs;
  }
}
