package io.khonsu.benchmarks;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.lmdbjava.ByteArrayProxy;
import org.lmdbjava.Dbi;
import org.lmdbjava.DbiFlags;
import org.lmdbjava.Env;
import org.lmdbjava.Txn;

/**
 * LMDB as it is by default: one writer at a time, each commit synced. Values are arrays, as the
 * others' are; the copy costs nothing beside the sync.
 */
final class LmdbDurable implements DurableContender {
  private static final long MAP_BYTES = 4L << 30;

  private final Env<byte[]> env;
  private final Dbi<byte[]> items;

  LmdbDurable(Path directory) {
    env =
        Env.create(ByteArrayProxy.PROXY_BA)
            .setMapSize(MAP_BYTES)
            .setMaxDbs(1)
            .open(directory.toFile());
    items = env.openDbi("items".getBytes(US_ASCII), DbiFlags.MDB_CREATE);
  }

  @Override
  public Session open() {
    return (item, value) -> {
      try (Txn<byte[]> txn = env.txnWrite()) {
        items.put(txn, key(item), value);
        txn.commit();
      }
    };
  }

  @Override
  public byte @Nullable [] read(int item) {
    try (Txn<byte[]> txn = env.txnRead()) {
      return items.get(txn, key(item));
    }
  }

  @Override
  public void close() {
    env.close();
  }

  private static byte[] key(int item) {
    return ByteBuffer.allocate(Integer.BYTES).putInt(item).array();
  }
}
