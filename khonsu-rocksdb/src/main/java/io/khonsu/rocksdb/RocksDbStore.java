package io.khonsu.rocksdb;

import com.google.errorprone.annotations.MustBeClosed;
import io.khonsu.spi.KeyValueBatch;
import io.khonsu.spi.KeyValueEngine;
import io.khonsu.spi.KeyValueStore;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.rocksdb.Checkpoint;
import org.rocksdb.ColumnFamilyDescriptor;
import org.rocksdb.ColumnFamilyHandle;
import org.rocksdb.FlushOptions;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;

/**
 * A key-value store on RocksDB.
 *
 * <p>Every use of a RocksDB object holds the read lock of {@link #gate}; closing takes the write
 * lock. So nobody is inside when the memory goes, and who comes later is refused.
 */
final class RocksDbStore implements KeyValueStore {
  private static final String DEFAULT_FAMILY = "default";

  private final Path directory;
  private final KeyValueEngine.Use use;
  private final boolean isReadOnly;
  private final RocksDbSettings settings;
  private final RocksDB database;
  private final List<ColumnFamilyHandle> handles = new ArrayList<>();
  private final Map<String, ColumnFamilyHandle> spaces = new HashMap<>();
  private final ReadWriteLock gate = new ReentrantReadWriteLock();
  private final Set<RocksDbCursor> cursors = ConcurrentHashMap.newKeySet();

  /** What the last write was gathered in, for the next one. */
  private final AtomicReference<@Nullable Gathering> spare = new AtomicReference<>();

  private boolean closed;

  /** Opens a store, and takes over its settings, also when this fails. */
  RocksDbStore(Path directory, KeyValueEngine.Options options, RocksDbSettings settings)
      throws RocksDBException {
    this.directory = directory;
    this.use = options.use();
    this.isReadOnly = options.presence() == KeyValueEngine.Presence.LOOKED_AT;
    this.settings = settings;
    List<ColumnFamilyDescriptor> families = new ArrayList<>();
    families.add(family(DEFAULT_FAMILY));
    options.spaces().forEach(space -> families.add(family(space)));
    boolean opened = false;
    try {
      String path = directory.toString();
      this.database =
          isReadOnly
              ? RocksDB.openReadOnly(settings.database, path, families, handles)
              : RocksDB.open(settings.database, path, families, handles);
      opened = true;
    } finally {
      if (!opened) {
        settings.close();
      }
    }
    for (int i = 0; i < options.spaces().size(); i++) {
      spaces.put(options.spaces().get(i), handles.get(i + 1));
    }
  }

  private ColumnFamilyDescriptor family(String name) {
    return new ColumnFamilyDescriptor(name.getBytes(StandardCharsets.UTF_8), settings.family);
  }

  @Override
  public byte @Nullable [] get(String space, byte[] key) throws IOException {
    return within("read", () -> database.get(handle(space), key));
  }

  @Override
  public byte @Nullable [] lastKey(String space) throws IOException {
    return within(
        "read",
        () -> {
          try (RocksIterator iterator = database.newIterator(handle(space))) {
            iterator.seekToLast();
            iterator.status();
            return iterator.isValid() ? iterator.key() : null;
          }
        });
  }

  @Override
  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker") // the caller owns it
  public Cursor cursor(String space, byte[] from, byte @Nullable [] to) throws IOException {
    Cursor cursor =
        within(
            "open a cursor",
            () -> {
              RocksDbCursor made = new RocksDbCursor(this, database, handle(space), from, to);
              cursors.add(made);
              return made;
            });
    return Objects.requireNonNull(cursor);
  }

  @Override
  public void write(KeyValueBatch batch, Sync sync) throws IOException {
    var _ =
        within(
            "write",
            () -> {
              boolean syncsLog = sync == Sync.SYNCED && use == KeyValueEngine.Use.LOG;
              Gathering gathering = gathering();
              try {
                batch.forEach(gathering);
                database.write(syncsLog ? settings.synced : settings.written, gathering.writes());
              } finally {
                keep(gathering);
              }
              return null;
            });
    if (sync == Sync.SYNCED && use == KeyValueEngine.Use.STATE) {
      flush();
    }
  }

  private Gathering gathering() {
    Gathering kept = spare.getAndSet(null);
    return kept == null ? new Gathering(this::handle) : kept;
  }

  /** Keeps it for the next write, unless it is large, or one is kept already. */
  private void keep(Gathering gathering) {
    if (!gathering.clear() || !spare.compareAndSet(null, gathering)) {
      gathering.close();
    }
  }

  @Override
  public void flush() throws IOException {
    var _ =
        within(
            "flush",
            () -> {
              flushAll();
              return null;
            });
  }

  private void flushAll() throws RocksDBException {
    if (isReadOnly) {
      return;
    }
    if (use == KeyValueEngine.Use.LOG) {
      database.syncWal();
    } else {
      try (FlushOptions options = new FlushOptions().setWaitForFlush(true)) {
        database.flush(options, handles);
      }
    }
  }

  @Override
  public void reclaim(String space, byte[] from, byte[] to) throws IOException {
    var _ =
        within(
            "reclaim",
            () -> {
              database.deleteFilesInRanges(handle(space), List.of(from, to), false);
              return null;
            });
  }

  @Override
  public void checkpoint(Path target) throws IOException {
    Path parent = target.toAbsolutePath().getParent();
    if (parent == null || !Files.getFileStore(parent).equals(Files.getFileStore(directory))) {
      throw new IOException(
          "a checkpoint at %s would be a full copy: it must be on the file system of %s"
              .formatted(target, directory));
    }
    var _ =
        within(
            "checkpoint to " + target,
            () -> {
              try (Checkpoint checkpoint = Checkpoint.create(database)) {
                checkpoint.createCheckpoint(target.toString());
              }
              return null;
            });
  }

  @Override
  public long sizeBytes() throws IOException {
    Long size = within("measure", this::filesBytes);
    return size == null ? 0 : size;
  }

  private long filesBytes() throws IOException {
    long total = 0;
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : files.toList()) {
        total += sizeOf(file);
      }
    }
    return total;
  }

  private static long sizeOf(Path file) throws IOException {
    try {
      return Files.size(file);
    } catch (NoSuchFileException _) {
      return 0; // RocksDB has just deleted it
    }
  }

  @Override
  public void close() throws IOException {
    Lock lock = gate.writeLock();
    lock.lock();
    try {
      if (!closed) {
        closed = true;
        List.copyOf(cursors).forEach(RocksDbCursor::release);
        release();
      }
    } finally {
      lock.unlock();
    }
  }

  private void release() throws IOException {
    try {
      if (use != KeyValueEngine.Use.SCRATCH) {
        flushAll();
      }
    } catch (RocksDBException e) {
      throw RocksDbEngine.explained("close " + directory, e);
    } finally {
      Gathering kept = spare.getAndSet(null);
      if (kept != null) {
        kept.close();
      }
      handles.forEach(ColumnFamilyHandle::close);
      database.close();
      settings.close();
    }
  }

  /** Does something with RocksDB objects while none of them can be closed. */
  <T extends @Nullable Object> T within(String what, Operation<T> operation) throws IOException {
    Lock lock = gate.readLock();
    lock.lock();
    try {
      if (closed) {
        throw new IllegalStateException(directory + " is closed");
      }
      return operation.run();
    } catch (RocksDBException e) {
      throw RocksDbEngine.explained("%s in %s".formatted(what, directory), e);
    } finally {
      lock.unlock();
    }
  }

  /** Closes a cursor, unless the store was closed and it with it. */
  void release(RocksDbCursor cursor) {
    Lock lock = gate.readLock();
    lock.lock();
    try {
      if (cursors.remove(cursor)) {
        cursor.release();
      }
    } finally {
      lock.unlock();
    }
  }

  private ColumnFamilyHandle handle(String space) {
    ColumnFamilyHandle handle = spaces.get(space);
    if (handle == null) {
      throw new IllegalArgumentException(
          "there is no space \"%s\", only %s".formatted(space, spaces.keySet()));
    }
    return handle;
  }

  /** Something that uses RocksDB objects. */
  @FunctionalInterface
  interface Operation<T extends @Nullable Object> {
    /** Does it. */
    T run() throws RocksDBException, IOException;
  }
}
