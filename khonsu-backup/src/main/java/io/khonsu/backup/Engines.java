package io.khonsu.backup;

import io.khonsu.spi.KeyValueEngine;
import io.khonsu.spi.StorageRefusedException;
import io.khonsu.spi.StorageRefusedException.Reason;
import java.util.List;
import java.util.ServiceLoader;
import org.jspecify.annotations.Nullable;

/** Finds what opens the state of a base. */
final class Engines {
  private Engines() {}

  /**
   * {@return the engine on the class path that a base was taken with; or if there is no base, the
   * only one}
   */
  static KeyValueEngine find(@Nullable BaseBackup base) throws StorageRefusedException {
    List<KeyValueEngine> engines =
        ServiceLoader.load(KeyValueEngine.class, KeyValueEngine.class.getClassLoader()).stream()
            .map(ServiceLoader.Provider::get)
            .filter(engine -> base == null || engine.name().equals(base.engine()))
            .toList();
    if (engines.size() != 1) {
      throw new StorageRefusedException(
          Reason.MISSING_ENGINE,
          "%d engines on the class path can open %s: let it be one"
              .formatted(
                  engines.size(), base == null ? "a store" : "a base of \"" + base.engine() + "\""));
    }
    return engines.getFirst();
  }
}
