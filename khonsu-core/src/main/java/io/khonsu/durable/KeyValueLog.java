package io.khonsu.durable;

import io.khonsu.spi.CommitLog;
import io.khonsu.spi.DamagedStorageException;
import io.khonsu.spi.KeyValueBatch;
import io.khonsu.spi.KeyValueStore;
import io.khonsu.spi.KeyValueStore.Sync;
import io.khonsu.spi.LogRecord;
import io.khonsu.spi.StorageRefusedException;
import io.khonsu.spi.StorageRefusedException.Reason;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;

/**
 * A commit log in a key-value store.
 *
 * <p>Format 1: in the space {@code log}, the key of a record is its version and the version of the
 * record before it, 8 bytes each, big-endian, so that a missing record is noticed; the value is the
 * encoded transaction. In the space {@code meta}, {@code head} is the format version in 4 bytes,
 * the store's id in 16, and in 8 the version after which all records are kept.
 */
public final class KeyValueLog implements CommitLog {
  /** The format that this version writes, and the only one it reads. */
  public static final int FORMAT_VERSION = 1;

  static final List<String> SPACES = List.of("log", "meta");
  private static final String LOG = "log";
  private static final String META = "meta";
  private static final byte[] HEAD = {'h', 'e', 'a', 'd'};
  private static final int KEY_BYTES = 2 * Long.BYTES;

  private final KeyValueStore store;
  private final StoreId id;
  private final LogPosition position;
  private volatile long trimmed;

  private KeyValueLog(KeyValueStore store, StoreId id, long trimmed, long last) {
    this.store = store;
    this.id = id;
    this.trimmed = trimmed;
    this.position = new LogPosition(last, last);
  }

  /** {@return an empty log in an empty store, which it takes over} */
  static KeyValueLog create(KeyValueStore store, StoreId id) throws IOException {
    return create(store, id, 0);
  }

  /** {@return a log in an empty store, which it takes over, that begins after a version} */
  static KeyValueLog create(KeyValueStore store, StoreId id, long afterVersion) throws IOException {
    KeyValueLog log = new KeyValueLog(store, id, afterVersion, afterVersion);
    store.write(new KeyValueBatch().put(META, HEAD, log.head(afterVersion)), Sync.SYNCED);
    return log;
  }

  /**
   * {@return the log in a store, which it takes over}
   *
   * @throws StorageRefusedException if it is that of another store, or has another format
   */
  static KeyValueLog open(KeyValueStore store, StoreId id) throws IOException {
    byte[] bytes = store.get(META, HEAD);
    if (bytes == null || bytes.length < Integer.BYTES) {
      throw new DamagedStorageException("the log has lost its head: restore a backup");
    }
    ByteBuffer head = ByteBuffer.wrap(bytes);
    int format = head.getInt();
    if (format != FORMAT_VERSION) {
      throw new StorageRefusedException(
          Reason.UNKNOWN_FORMAT,
          "the log has format version %d, this program knows version %d: use the version of Khonsu"
                  .formatted(format, FORMAT_VERSION)
              + " that wrote it");
    }
    if (bytes.length != Integer.BYTES + StoreId.BYTES + Long.BYTES) {
      throw new DamagedStorageException("the log's head has %d bytes".formatted(bytes.length));
    }
    StoreId found = StoreId.read(head);
    if (!found.equals(id)) {
      throw new StorageRefusedException(
          Reason.FOREIGN_PART,
          "the log belongs to store %s, not to %s: put its own log back, or restore a backup"
              .formatted(found, id));
    }
    store.flush(); // what is found now is built upon
    byte[] last = store.lastKey(LOG);
    long trimmed = head.getLong();
    return new KeyValueLog(store, id, trimmed, last == null ? trimmed : versionOf(last));
  }

  private byte[] head(long trimmedVersion) {
    ByteBuffer head = ByteBuffer.allocate(Integer.BYTES + StoreId.BYTES + Long.BYTES);
    head.putInt(FORMAT_VERSION);
    id.write(head);
    return head.putLong(trimmedVersion).array();
  }

  @Override
  public void append(List<LogRecord> records, Sync sync) throws IOException {
    position.checkAppend(records);
    KeyValueBatch batch = new KeyValueBatch();
    long previous = position.last();
    for (LogRecord record : records) {
      var _ = batch.put(LOG, key(record.version(), previous), record.bytes());
      previous = record.version();
    }
    try {
      store.write(batch, sync);
    } catch (IOException e) {
      throw position.stop("the log cannot be written", e);
    }
    position.appended(previous);
    if (sync == Sync.SYNCED) {
      position.synced(previous);
    }
  }

  @Override
  public void sync() throws IOException {
    position.checkRunning();
    long version = position.last();
    if (version > position.synced()) {
      try {
        store.flush();
      } catch (IOException e) {
        throw position.stop("the log cannot be synced", e);
      }
      position.synced(version);
    }
  }

  @Override
  public void read(long afterVersion, Receiver receiver) throws IOException {
    position.checkOpen();
    if (afterVersion < trimmed) {
      throw new IllegalArgumentException(
          "the log begins after version %d, not %d".formatted(trimmed, afterVersion));
    }
    long end = position.last();
    long previous = afterVersion;
    byte[] to = end == Long.MAX_VALUE ? null : key(end + 1, 0);
    if (end <= afterVersion) {
      return;
    }
    try (KeyValueStore.Cursor cursor = store.cursor(LOG, key(afterVersion + 1, 0), to)) {
      boolean isFirst = true;
      while (cursor.next()) {
        ByteBuffer key = keyOf(cursor.key());
        long version = key.getLong();
        long before = key.getLong();
        if (isFirst ? before > previous : before != previous) {
          throw missing(previous, version);
        }
        receiver.accept(new LogRecord(version, cursor.value()));
        previous = version;
        isFirst = false;
      }
    }
    if (previous != end) {
      throw missing(previous, end);
    }
  }

  private static DamagedStorageException missing(long after, long before) {
    return new DamagedStorageException(
        "the log lacks commits after version %d and before %d: restore a backup"
            .formatted(after, before));
  }

  @Override
  public void trim(long upToVersion) throws IOException {
    position.checkRunning();
    long target = Math.min(upToVersion, position.last() - 1);
    if (target <= trimmed) {
      return;
    }
    byte[] from = key(trimmed + 1, 0);
    byte[] to = key(target + 1, 0);
    KeyValueBatch batch = new KeyValueBatch().put(META, HEAD, head(target));
    // Synced, as the files go for good: a crash must not bring the old beginning back.
    store.write(batch.deleteRange(LOG, from, to), Sync.SYNCED);
    trimmed = target;
    store.reclaim(LOG, from, to);
  }

  @Override
  public long trimmedVersion() {
    return trimmed;
  }

  @Override
  public long lastVersion() {
    return position.last();
  }

  @Override
  public long syncedVersion() {
    return position.synced();
  }

  @Override
  public long sizeBytes() throws IOException {
    position.checkOpen();
    return store.sizeBytes();
  }

  @Override
  public void close() throws IOException {
    position.close();
    store.close();
  }

  private static byte[] key(long version, long previous) {
    return ByteBuffer.allocate(KEY_BYTES).putLong(version).putLong(previous).array();
  }

  private static long versionOf(byte[] key) throws DamagedStorageException {
    return keyOf(key).getLong();
  }

  private static ByteBuffer keyOf(byte[] key) throws DamagedStorageException {
    if (key.length != KEY_BYTES) {
      throw new DamagedStorageException("the log has a key " + Arrays.toString(key));
    }
    return ByteBuffer.wrap(key);
  }
}
