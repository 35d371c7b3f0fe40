package io.khonsu;

import io.khonsu.durable.DurableStorage;
import io.khonsu.spi.DamagedStorageException;
import io.khonsu.spi.KeyValueEngine;
import io.khonsu.spi.Storage;
import io.khonsu.spi.StorageRefusedException;
import java.io.IOException;
import java.nio.file.Path;

/** Opens what durable stores are kept in. */
final class DurableOpening {
  private DurableOpening() {}

  /** {@return the storage in a directory, which the caller must close} */
  static Storage storage(Path directory, StoreConfig config) {
    try {
      return DurableStorage.open(directory, config.durable(), KeyValueEngine.onClassPath());
    } catch (StorageRefusedException e) {
      throw new OpenRefusedException(e);
    } catch (DamagedStorageException e) {
      throw new CorruptionException("the storage is damaged: " + e.getMessage(), e);
    } catch (IOException e) {
      throw new StorageException("the storage cannot be opened: " + e.getMessage(), e);
    }
  }
}
