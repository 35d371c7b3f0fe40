package io.khonsu.spi;

import com.google.errorprone.annotations.MustBeClosed;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A store of an {@link InMemoryKeyValueEngine}. Thread-safe. */
final class InMemoryKeyValueStore implements KeyValueStore {
  private final InMemoryKeyValueEngine engine;
  private final Path directory;
  private final InMemoryPairs pairs;
  private final boolean isReadOnly;
  private volatile boolean closed;

  InMemoryKeyValueStore(
      InMemoryKeyValueEngine engine,
      Path directory,
      InMemoryPairs pairs,
      KeyValueEngine.Presence presence) {
    this.isReadOnly = presence == KeyValueEngine.Presence.LOOKED_AT;
    this.engine = engine;
    this.directory = directory;
    this.pairs = pairs;
  }

  @Override
  public byte @Nullable [] get(String space, byte[] key) throws IOException {
    boolean succeeds = begin();
    byte[] value = pairs.get(space, key);
    engine.end(succeeds);
    return value;
  }

  @Override
  public byte @Nullable [] lastKey(String space) throws IOException {
    boolean succeeds = begin();
    byte[] key = pairs.lastKey(space);
    engine.end(succeeds);
    return key;
  }

  @Override
  @MustBeClosed
  public Cursor cursor(String space, byte[] from, byte @Nullable [] to) throws IOException {
    boolean succeeds = begin();
    Cursor cursor = new ListCursor(pairs.range(space, from, to));
    engine.end(succeeds);
    return cursor;
  }

  @Override
  public void write(KeyValueBatch batch, Sync sync) throws IOException {
    boolean succeeds = begin();
    if (isReadOnly) {
      throw new IOException(directory + " is only looked at");
    }
    pairs.write(batch);
    if (sync == Sync.SYNCED) {
      pairs.sync();
    }
    engine.end(succeeds);
  }

  @Override
  public void flush() throws IOException {
    boolean succeeds = begin();
    if (!isReadOnly) {
      pairs.sync();
    }
    engine.end(succeeds);
  }

  @Override
  public void reclaim(String space, byte[] from, byte[] to) throws IOException {
    boolean succeeds = begin();
    if (!isReadOnly) {
      pairs.reclaim(space, from, to);
    }
    engine.end(succeeds);
  }

  @Override
  public void checkpoint(Path target) throws IOException {
    boolean succeeds = begin();
    engine.copy(pairs, target);
    engine.end(succeeds);
  }

  @Override
  public long sizeBytes() throws IOException {
    checkOpen();
    return pairs.sizeBytes();
  }

  @Override
  public void close() throws IOException {
    if (!closed) {
      closed = true;
      engine.closed(directory);
      boolean succeeds = engine.begin();
      if (!isReadOnly) {
        pairs.sync();
      }
      engine.end(succeeds);
    }
  }

  /** Closes it as the end of the process would. */
  void invalidate() {
    closed = true;
  }

  private boolean begin() throws IOException {
    checkOpen();
    return engine.begin();
  }

  private void checkOpen() {
    if (closed) {
      throw new IllegalStateException(directory + " is closed");
    }
  }

  /** Goes through keys and values in turn. */
  private final class ListCursor implements Cursor {
    private final List<byte[]> range;
    private int at = -2;
    private boolean ended;

    ListCursor(List<byte[]> range) {
      this.range = range;
    }

    @Override
    public boolean next() throws IOException {
      checkUsable();
      boolean succeeds = engine.begin();
      at = Math.min(at + 2, range.size());
      engine.end(succeeds);
      return at < range.size();
    }

    @Override
    public byte[] key() {
      return part(0);
    }

    @Override
    public byte[] value() {
      return part(1);
    }

    private byte[] part(int offset) {
      checkUsable();
      if (at < 0 || at >= range.size()) {
        throw new IllegalStateException("the cursor stands at no pair");
      }
      return range.get(at + offset);
    }

    private void checkUsable() {
      checkOpen();
      if (ended) {
        throw new IllegalStateException("the cursor is closed");
      }
    }

    @Override
    public void close() {
      ended = true;
    }
  }
}
