package io.khonsu.durable;

import io.khonsu.mvcc.Key;
import io.khonsu.spi.KeyValueBatch;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What several commits change in the state, of each item only the last. */
final class StateChanges {
  private final Map<Key, byte @Nullable []> items = new LinkedHashMap<>();
  private final List<Integer> dropped = new ArrayList<>();

  void put(byte[] key, long version, byte[] value) {
    byte[] stamped =
        ByteBuffer.allocate(Long.BYTES + value.length).putLong(version).put(value).array();
    items.put(Key.of(key), stamped);
  }

  void delete(byte[] key) {
    items.put(Key.of(key), null);
  }

  /** Deletes all items of a table; its number is never used again. */
  void drop(int tableId) {
    dropped.add(tableId);
  }

  void addTo(KeyValueBatch batch, String space) {
    items.forEach((key, value) -> {
      if (value == null) {
        var _ = batch.delete(space, key.toBytes());
      } else {
        var _ = batch.put(space, key.toBytes(), value);
      }
    });
    for (int tableId : dropped) {
      byte[] from = StateTable.prefix(tableId);
      var _ = batch.deleteRange(space, from, StateTable.prefix(tableId + 1));
    }
  }
}
