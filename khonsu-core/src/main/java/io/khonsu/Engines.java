package io.khonsu;

import io.khonsu.durable.DurableStorage;
import io.khonsu.spi.DamagedStorageException;
import io.khonsu.spi.KeyValueEngine;
import io.khonsu.spi.Storage;
import io.khonsu.spi.StorageRefusedException;
import io.khonsu.spi.StorageRefusedException.Reason;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.ServiceLoader;
import java.util.ServiceLoader.Provider;

/** Finds what opens durable stores. */
final class Engines {
  private Engines() {}

  /** {@return the storage in a directory, which the caller must close} */
  static Storage storage(Path directory, StoreConfig config) {
    try {
      return DurableStorage.open(directory, config.durable(), onClassPath());
    } catch (StorageRefusedException e) {
      throw new OpenRefusedException(e);
    } catch (DamagedStorageException e) {
      throw new CorruptionException("the storage is damaged: " + e.getMessage(), e);
    } catch (IOException e) {
      throw new StorageException("the storage cannot be opened: " + e.getMessage(), e);
    }
  }

  private static KeyValueEngine onClassPath() throws StorageRefusedException {
    List<KeyValueEngine> engines =
        ServiceLoader.load(KeyValueEngine.class, KeyValueEngine.class.getClassLoader()).stream()
            .map(Provider::get)
            .toList();
    if (engines.size() != 1) {
      throw new StorageRefusedException(
          Reason.MISSING_ENGINE,
          engines.isEmpty()
              ? "no engine is on the class path: add the dependency io.khonsu:khonsu-rocksdb"
              : "several engines are on the class path: leave one of "
                  + engines.stream().map(KeyValueEngine::name).toList());
    }
    return engines.getFirst();
  }
}
