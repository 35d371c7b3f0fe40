package io.khonsu.spi;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * Opens {@link KeyValueStore}s on disk. Found by {@link java.util.ServiceLoader}: a store opened by
 * its path uses the one on the class path. Thread-safe.
 */
public interface KeyValueEngine {
  /** What a store is used for, and tuned to. */
  enum Use {
    /** Values are written in key order, synced, read rarely, and deleted in ranges from below. */
    LOG,
    /** Keys are written over and read anywhere; nothing is synced but by {@code flush}. */
    STATE,
    /** As {@link #STATE}, and deleted when it is closed: nothing needs to reach the disk. */
    SCRATCH
  }

  /** Whether a store is made or found. */
  enum Presence {
    /** It does not exist yet: the directory is made. */
    NEW,
    /** It exists; a store that has gone is an error, never an empty store. */
    EXISTING,
    /** It exists, and is looked at only: nothing is changed on disk, and writing fails. */
    LOOKED_AT
  }

  /**
   * How a store is opened.
   *
   * @param use what for
   * @param presence whether it is made or found
   * @param spaces the names of its spaces, always the same
   */
  record Options(Use use, Presence presence, List<String> spaces) {
    /** Copies the list. */
    public Options {
      spaces = List.copyOf(spaces);
    }
  }

  /**
   * {@return the engine that is on the class path}
   *
   * @throws StorageRefusedException if there is none, or there are several
   */
  static KeyValueEngine onClassPath() throws StorageRefusedException {
    return OnClassPath.only(KeyValueEngine.class, "engines", "khonsu-rocksdb");
  }

  /** {@return its name, which is recorded with what it writes} */
  String name();

  /**
   * Opens the store in a directory.
   *
   * @throws StorageRefusedException if another store uses it, or it is not there
   * @throws DamagedStorageException if it is not as it was written
   */
  KeyValueStore open(Path directory, Options options) throws IOException;
}
