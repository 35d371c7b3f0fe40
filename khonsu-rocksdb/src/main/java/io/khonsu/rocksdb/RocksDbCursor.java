package io.khonsu.rocksdb;

import io.khonsu.spi.KeyValueStore;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.rocksdb.ColumnFamilyHandle;
import org.rocksdb.ReadOptions;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksIterator;
import org.rocksdb.Slice;

/** A cursor of a {@link RocksDbStore}, which closes it at the latest. */
final class RocksDbCursor implements KeyValueStore.Cursor {
  private static final byte[] NONE = {};

  private final RocksDbStore store;
  private final @Nullable Slice bound;
  private final ReadOptions options = new ReadOptions();
  private final RocksIterator iterator;
  private boolean began;
  private boolean ended;
  private volatile boolean released;
  private byte[] key = NONE;
  private byte[] value = NONE;

  RocksDbCursor(
      RocksDbStore store,
      RocksDB database,
      ColumnFamilyHandle space,
      byte[] from,
      byte @Nullable [] to) {
    this.store = store;
    this.bound = to == null ? null : new Slice(to);
    if (bound != null) {
      options.setIterateUpperBound(bound);
    }
    this.iterator = database.newIterator(space, options);
    iterator.seek(from);
  }

  @Override
  public boolean next() throws IOException {
    return store.within(
        "read on",
        () -> {
          checkUsable();
          if (began && !ended) {
            iterator.next();
          }
          began = true;
          ended = !iterator.isValid();
          if (ended) {
            iterator.status(); // what cannot be read also looks like the end
            return false;
          }
          key = iterator.key();
          value = iterator.value();
          return true;
        });
  }

  @Override
  public byte[] key() {
    checkStandsAtPair();
    return key;
  }

  @Override
  public byte[] value() {
    checkStandsAtPair();
    return value;
  }

  private void checkStandsAtPair() {
    checkUsable();
    if (!began || ended) {
      throw new IllegalStateException("the cursor stands at no pair");
    }
  }

  private void checkUsable() {
    if (released) {
      throw new IllegalStateException("the cursor is closed");
    }
  }

  @Override
  public void close() {
    store.release(this);
  }

  /** Frees what RocksDB holds for it. The store sees to it that this happens once. */
  void release() {
    released = true;
    iterator.close();
    options.close();
    if (bound != null) {
      bound.close();
    }
  }
}
