package io.khonsu;

import io.khonsu.durable.DurableSettings;
import io.khonsu.durable.DurableStorage;
import io.khonsu.durable.LogKind;
import io.khonsu.spi.InMemoryKeyValueEngine;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;

/** A durable store whose key-value stores are in memory, so that tests can let them fail. */
final class DurablePlace {
  private final Path directory;
  private final InMemoryKeyValueEngine engine = new InMemoryKeyValueEngine();
  private DurableSettings settings;

  DurablePlace(Path directory, LogKind log) {
    this.directory = directory;
    this.settings =
        DurableSettings.defaults()
            .withLog(log)
            .withSegmentBytes(64 << 10)
            .withLogSizeMaxBytes(1 << 20)
            .withDiskReserveBytes(0);
  }

  InMemoryKeyValueEngine engine() {
    return engine;
  }

  void set(DurableSettings others) {
    settings = others;
  }

  DurableSettings settings() {
    return settings;
  }

  DurableStorage open() {
    try {
      return DurableStorage.open(directory, settings, engine);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Ends a store as a power failure would, as far as its key-value stores are concerned. */
  void crash(Khonsu db) {
    engine.crash(0);
    try {
      db.close();
    } catch (StorageException | IllegalStateException _) {
      return; // it cannot be closed as it should
    }
  }
}
