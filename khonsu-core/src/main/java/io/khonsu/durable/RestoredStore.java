package io.khonsu.durable;

import io.khonsu.spi.CommitLog;
import io.khonsu.spi.KeyValueEngine;
import io.khonsu.spi.KeyValueEngine.Options;
import io.khonsu.spi.KeyValueEngine.Presence;
import io.khonsu.spi.KeyValueEngine.Use;
import io.khonsu.spi.KeyValueStore;
import io.khonsu.spi.StorageRefusedException;
import io.khonsu.spi.StorageRefusedException.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The directory of a durable store while it is made from the state of another one. It becomes a
 * store, with an id of its own and a log that begins after that state, by {@link #finish}; before,
 * nobody can open it. Not thread-safe; close it.
 */
public final class RestoredStore implements AutoCloseable {
  /** The file that stands for the lock: opening and closing it would give the lock up. */
  public static final String LOCK_FILE = StoreLock.NAME;

  private final Path directory;
  private final DurableSettings settings;
  private final KeyValueEngine engine;
  private final StoreLock lock;
  private @Nullable StoreFile file;
  private @Nullable StateStore state;

  private RestoredStore(
      Path directory, DurableSettings settings, KeyValueEngine engine, StoreLock lock) {
    this.directory = directory;
    this.settings = settings;
    this.engine = engine;
    this.lock = lock;
  }

  /**
   * Begins a store in a directory that is new or empty.
   *
   * @param settings its kind of log, and the size of its segments
   * @throws StorageRefusedException if there is something else in the directory, or somebody is
   *     working there
   */
  public static RestoredStore begin(Path directory, DurableSettings settings, KeyValueEngine engine)
      throws IOException {
    if (!Files.exists(directory)) {
      DurableFiles.createDirectory(directory);
    }
    StoreLock lock = StoreLock.take(directory);
    boolean begun = false;
    try {
      RestoredStore store = new RestoredStore(directory, settings, engine, lock);
      store.checkEmpty();
      store.file = StoreFile.create(directory, settings.log(), engine.name());
      begun = true;
      return store;
    } finally {
      if (!begun) {
        lock.close();
      }
    }
  }

  private void checkEmpty() throws IOException {
    for (Path path : DurableFiles.list(directory)) {
      if (!path.endsWith(StoreLock.NAME)) {
        throw new StorageRefusedException(
            Reason.NOT_A_STORE,
            "%s is not empty: name an empty or new directory".formatted(directory));
      }
    }
  }

  /**
   * Deletes a directory that was begun, finished or not, and all in it.
   *
   * @throws StorageRefusedException if somebody is working there
   */
  public static void discard(Path directory) throws IOException {
    try (StoreLock _ = StoreLock.take(directory)) {
      for (Path path : DurableFiles.list(directory)) {
        if (!path.endsWith(StoreLock.NAME)) {
          DurableFiles.deleteTree(path);
        }
      }
      DurableFiles.deleteTree(directory); // with the lock, before somebody else can take it
    }
  }

  /** {@return where the files of a copied state go, before {@link #openState}} */
  public Path statePlace() {
    return directory.resolve(OpenedStore.STATE);
  }

  /** {@return the id of the store that is being made} */
  public StoreId id() {
    return file().content().id();
  }

  /**
   * {@return the state that this begins with, to apply further commits to; closed with this}
   *
   * @param origin the store whose state was copied to {@link #statePlace}; null to begin empty
   * @param owner whose state it becomes: {@link #id}, or that of another store, to be copied from
   *     here after closing this, and never {@link #finish}ed
   * @throws StorageRefusedException if it is not the state of {@code origin}
   */
  public StateStore openState(@Nullable StoreId origin, StoreId owner) throws IOException {
    Presence presence = origin == null ? Presence.NEW : Presence.EXISTING;
    KeyValueStore store = store(OpenedStore.STATE, Use.STATE, presence, StateStore.SPACES);
    boolean opened = false;
    try {
      StateStore result =
          origin == null ? StateStore.create(store, owner) : StateStore.adopt(store, origin, owner);
      state = result;
      opened = true;
      return result;
    } finally {
      if (!opened) {
        store.close();
      }
    }
  }

  /** Makes a store of what was applied until now. */
  public void finish() throws IOException {
    StateStore applied = state;
    if (applied == null) {
      throw new IllegalStateException("the state was not opened");
    }
    long version = applied.flush();
    applied.close();
    createLog(version);
    DurableFiles.syncDirectory(directory);
    file().finishCreation(StoreFile.Phase.CLOSED, version);
  }

  private void createLog(long afterVersion) throws IOException {
    switch (settings.log()) {
      case ENGINE -> {
        try (KeyValueStore store =
                store(OpenedStore.LOG, Use.LOG, Presence.NEW, KeyValueLog.SPACES);
            CommitLog _ = KeyValueLog.create(store, id(), afterVersion)) {
          // made, and closed
        }
      }
      case SEGMENTS -> {
        Path place = directory.resolve(OpenedStore.LOG);
        SegmentLog.create(place, id(), settings.segmentBytes(), afterVersion).close();
      }
    }
  }

  private KeyValueStore store(String part, Use use, Presence presence, List<String> spaces)
      throws IOException {
    return engine.open(directory.resolve(part), new Options(use, presence, spaces));
  }

  private StoreFile file() {
    if (file == null) {
      throw new IllegalStateException("the store was not begun");
    }
    return file;
  }

  /** Releases the directory. */
  @Override
  public void close() throws IOException {
    try (StoreLock _ = lock;
        StoreFile _ = file) {
      if (state != null) {
        state.close();
      }
    }
  }
}
