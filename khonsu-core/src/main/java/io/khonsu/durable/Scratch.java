package io.khonsu.durable;

import io.khonsu.spi.DamagedStorageException;
import io.khonsu.spi.KeyValueBatch;
import io.khonsu.spi.KeyValueEngine;
import io.khonsu.spi.KeyValueEngine.Options;
import io.khonsu.spi.KeyValueEngine.Presence;
import io.khonsu.spi.KeyValueEngine.Use;
import io.khonsu.spi.KeyValueStore;
import io.khonsu.spi.KeyValueStore.Sync;
import io.khonsu.spi.StorageFullException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A place on disk for bytes that are somewhere else already, as log and state hold them: nothing in
 * it is synced, and all of it goes when it is closed, or else when the store is next opened.
 *
 * <p>A key-value store of its own, in the store's directory, made when the first bytes come; so it
 * is in no copy of the state. Thread-safe.
 */
public final class Scratch implements AutoCloseable {
  private static final String PREFIX = "scratch-";
  private static final String SPACE = "batches";

  private final Path storeDirectory;
  private final Path directory;
  private final KeyValueEngine engine;
  private final long reserveBytes;
  private @Nullable KeyValueStore store;
  private boolean closed;

  /** Creates a place that nothing is in; there is none else for this incarnation of a store. */
  Scratch(Path storeDirectory, long incarnation, KeyValueEngine engine, long reserveBytes) {
    this.storeDirectory = storeDirectory;
    this.directory = storeDirectory.resolve(PREFIX + incarnation);
    this.engine = engine;
    this.reserveBytes = reserveBytes;
  }

  /** Deletes what a store has left in its directory when it was last open. */
  static void deleteLeftOver(Path storeDirectory) throws IOException {
    for (Path path : DurableFiles.list(storeDirectory)) {
      if (String.valueOf(path.getFileName()).startsWith(PREFIX)) {
        DurableFiles.deleteTree(path);
      }
    }
  }

  /**
   * Adds bytes, and in the same batch removes others.
   *
   * @param id by which they are found; not used before
   * @param removed the ids of what is not needed any more
   * @throws StorageFullException if the disk has less space left than is kept in reserve
   */
  public void put(long id, byte[] bytes, List<Long> removed) throws IOException {
    long free = storeDirectory.toFile().getUsableSpace();
    if (free < reserveBytes + bytes.length) {
      throw new StorageFullException(
          "the disk of %s has %d bytes left, %d are kept in reserve (diskReserveBytes): make space"
              .formatted(directory, free, reserveBytes));
    }
    KeyValueBatch batch = new KeyValueBatch().put(SPACE, key(id), bytes);
    removed.forEach(each -> batch.delete(SPACE, key(each)));
    opened().write(batch, Sync.WRITTEN);
  }

  /** Removes bytes. */
  public void remove(List<Long> ids) throws IOException {
    if (ids.isEmpty()) {
      return;
    }
    KeyValueBatch batch = new KeyValueBatch();
    ids.forEach(each -> batch.delete(SPACE, key(each)));
    opened().write(batch, Sync.WRITTEN);
  }

  /**
   * {@return the bytes of an id that was added}
   *
   * @throws DamagedStorageException if they are not there
   */
  public byte[] get(long id) throws IOException {
    byte[] bytes = opened().get(SPACE, key(id));
    if (bytes == null) {
      throw new DamagedStorageException("%s has lost batch %d".formatted(directory, id));
    }
    return bytes;
  }

  /** {@return where it is, for messages} */
  public Path directory() {
    return directory;
  }

  private synchronized KeyValueStore opened() throws IOException {
    if (closed) {
      throw new IllegalStateException(directory + " is closed");
    }
    KeyValueStore open = store;
    if (open == null) {
      DurableFiles.deleteTree(directory); // from an attempt that failed
      open = engine.open(directory, new Options(Use.SCRATCH, Presence.NEW, List.of(SPACE)));
      store = open;
    }
    return open;
  }

  private static byte[] key(long id) {
    return ByteBuffer.allocate(Long.BYTES).putLong(id).array();
  }

  /** Deletes everything. Closing twice does nothing. */
  @Override
  public synchronized void close() throws IOException {
    closed = true;
    KeyValueStore open = store;
    store = null;
    if (open != null) {
      try {
        open.close();
      } finally {
        if (Files.exists(directory)) {
          DurableFiles.deleteTree(directory);
        }
      }
    }
  }
}
