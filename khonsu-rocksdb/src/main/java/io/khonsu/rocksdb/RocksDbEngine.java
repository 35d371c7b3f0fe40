package io.khonsu.rocksdb;

import io.khonsu.spi.DamagedStorageException;
import io.khonsu.spi.KeyValueEngine;
import io.khonsu.spi.KeyValueStore;
import io.khonsu.spi.StorageRefusedException;
import io.khonsu.spi.StorageRefusedException.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.rocksdb.RocksDBException;
import org.rocksdb.Status;

/** Opens key-value stores on RocksDB. */
public final class RocksDbEngine implements KeyValueEngine {
  /** Creates an engine; it holds nothing. */
  public RocksDbEngine() {}

  @Override
  public String name() {
    return "rocksdb";
  }

  @Override
  public KeyValueStore open(Path directory, Options options) throws IOException {
    boolean isThere = Files.exists(directory.resolve("CURRENT"));
    if (options.presence() != Presence.NEW && !isThere) {
      throw new StorageRefusedException(
          Reason.DATA_LOSS,
          directory + " holds no RocksDB database, or its file CURRENT is lost: restore a backup");
    }
    try {
      return new RocksDbStore(directory, options, RocksDbSettings.of(directory, options));
    } catch (RocksDBException e) {
      throw explained("open " + directory, e);
    }
  }

  /** {@return what a failure of RocksDB is to others} */
  static IOException explained(String what, RocksDBException e) {
    String message = "%s: %s".formatted(what, e.getMessage());
    Status status = e.getStatus();
    if (status != null && status.getCode() == Status.Code.Corruption) {
      DamagedStorageException damage = new DamagedStorageException(message);
      damage.initCause(e);
      return damage;
    }
    String text = String.valueOf(e.getMessage());
    if (text.contains("lock hold by current process") || text.contains("While lock file")) {
      return new StorageRefusedException(
          Reason.IN_USE, message + ": it is open already, close it there first", e);
    }
    return new IOException(message, e);
  }
}
