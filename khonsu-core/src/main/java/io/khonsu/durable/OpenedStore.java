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
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The parts of a store in a directory, checked against each other. Close it. */
final class OpenedStore implements AutoCloseable {
  static final String LOG = "log";
  static final String STATE = "state";

  private final StoreFile file;
  private final CommitLog log;
  private final StateStore state;
  private final LogHolds holds;
  private final Deque<AutoCloseable> owned;

  private OpenedStore(StoreFile file, CommitLog log, StateStore state, Deque<AutoCloseable> owned)
      throws IOException {
    this.file = file;
    this.log = log;
    this.state = state;
    this.holds = new LogHolds(state);
    this.owned = owned;
  }

  StoreFile file() {
    return file;
  }

  CommitLog log() {
    return log;
  }

  StateStore state() {
    return state;
  }

  LogHolds holds() {
    return holds;
  }

  static OpenedStore open(Path directory, DurableSettings settings, KeyValueEngine engine)
      throws IOException {
    Opening opening = new Opening(directory, settings, engine);
    boolean opened = false;
    try {
      OpenedStore store = opening.run();
      opened = true;
      return store;
    } catch (AccessDeniedException e) {
      throw notWritable(e.getFile(), e);
    } finally {
      if (!opened) {
        closeAll(opening.owned);
      }
    }
  }

  /** Notes that all is synced, and closes everything. */
  @Override
  public void close() throws IOException {
    try {
      log.sync();
      file.update(StoreFile.Phase.CLOSED, log.syncedVersion());
    } finally {
      closeAll(owned);
    }
  }

  private static void closeAll(Deque<AutoCloseable> owned) throws IOException {
    IOException failure = null;
    while (!owned.isEmpty()) {
      try {
        owned.pop().close();
      } catch (IOException e) {
        failure = failure == null ? e : failure;
      } catch (Exception e) {
        failure = failure == null ? new IOException(e) : failure;
      }
    }
    if (failure != null) {
      throw failure;
    }
  }

  private static StorageRefusedException notWritable(Object place, @Nullable IOException cause) {
    return new StorageRefusedException(
        Reason.NOT_WRITABLE, place + " cannot be written: change its owner or mode", cause);
  }

  private static StorageRefusedException notAStore(Path directory, String why) {
    return new StorageRefusedException(
        Reason.NOT_A_STORE,
        "%s is no store: %s. Name an empty or new directory, or that of a store"
            .formatted(directory, why));
  }

  /** {@return what is wrong with a directory that is not empty and has no store file} */
  static StorageRefusedException withoutStoreFile(Path directory) {
    if (Files.exists(directory.resolve(LOG)) || Files.exists(directory.resolve(STATE))) {
      return new StorageRefusedException(
          Reason.DATA_LOSS,
          "%s is missing in %s, so nobody knows whether its log is whole: put it back, or restore a"
                  .formatted(StoreFile.NAME, directory)
              + " backup; `khonsu doctor` says what is there");
    }
    return notAStore(directory, "it holds other files");
  }

  static StorageRefusedException missingEngine(Path directory, String writer, String present) {
    return new StorageRefusedException(
        Reason.MISSING_ENGINE,
        "%s was written by engine \"%s\", not \"%s\": put that engine on the class path"
            .formatted(directory, writer, present));
  }

  /** Checks that the log is as long as it is known to have been, and the state reaches to it. */
  static void checkWhole(StoreFile.Content content, long logTrimmed, long logLast, long applied)
      throws StorageRefusedException {
    checkNotShort(logLast, Math.max(content.syncedVersion(), applied));
    if (logTrimmed > applied) {
      throw new StorageRefusedException(
          Reason.DATA_LOSS,
          "the state ends at version %d, but the log begins after %d: put the newest state back, or"
                  .formatted(applied, logTrimmed)
              + " restore a backup");
    }
  }

  /** Checks that a log does not end before the version up to which it was synced. */
  static void checkNotShort(long logLast, long known) throws StorageRefusedException {
    if (logLast < known) {
      throw new StorageRefusedException(
          Reason.DATA_LOSS,
          "the log ends at version %d, but was synced up to %d: put the whole log back, or restore a"
                  .formatted(logLast, known)
              + " backup");
    }
  }

  /** Opens one part after another; what was opened last is closed first. */
  private static final class Opening {
    private final Path directory;
    private final DurableSettings settings;
    private final KeyValueEngine engine;
    private final Deque<AutoCloseable> owned = new ArrayDeque<>();

    private Opening(Path directory, DurableSettings settings, KeyValueEngine engine) {
      this.directory = directory;
      this.settings = settings;
      this.engine = engine;
    }

    private OpenedStore run() throws IOException {
      if (!Files.exists(directory)) {
        DurableFiles.createDirectory(directory);
      }
      if (!Files.isDirectory(directory)) {
        throw notAStore(directory, "it is a file");
      }
      if (!Files.isWritable(directory)) {
        throw notWritable(directory, null);
      }
      owned.push(StoreLock.take(directory));
      List<Path> found = DurableFiles.list(directory); // not before: another may just have made it
      boolean isNew =
          found.stream()
              .map(entry -> entry.getFileName().toString())
              .allMatch(name -> name.equals(StoreLock.NAME) || name.equals(StoreFile.BEGUN_NAME));
      if (isNew) {
        return create();
      }
      if (!Files.exists(directory.resolve(StoreFile.NAME))) {
        throw withoutStoreFile(directory);
      }
      if (StoreFile.read(directory).phase() == StoreFile.Phase.CREATING) {
        DurableFiles.deleteTree(directory.resolve(LOG)); // nothing was ever committed to it
        DurableFiles.deleteTree(directory.resolve(STATE));
        return create();
      }
      return openExisting();
    }

    private OpenedStore create() throws IOException {
      DurableFiles.syncReadableParent(directory); // it may have been made a moment ago
      StoreFile file = own(StoreFile.create(directory, settings.log(), engine.name()));
      StoreId id = file.content().id();
      Path place = directory.resolve(LOG);
      CommitLog log =
          own(
              switch (settings.log()) {
                case ENGINE -> KeyValueLog.create(store(LOG, Use.LOG, Presence.NEW), id);
                case SEGMENTS -> SegmentLog.create(place, id, settings.segmentBytes());
              });
      StateStore state = own(StateStore.create(store(STATE, Use.STATE, Presence.NEW), id));
      DurableFiles.syncDirectory(directory);
      file.finishCreation(StoreFile.Phase.IN_USE, 0);
      return new OpenedStore(file, log, state, owned);
    }

    private OpenedStore openExisting() throws IOException {
      StoreFile file = own(StoreFile.open(directory));
      Scratch.deleteLeftOver(directory);
      StoreFile.Content content = file.content();
      if (!content.engine().equals(engine.name())) {
        throw missingEngine(directory, content.engine(), engine.name());
      }
      Path place = directory.resolve(LOG);
      // The state first: by what it has, a log is refused that ends too early, as it is.
      StateStore state =
          own(StateStore.open(store(STATE, Use.STATE, Presence.EXISTING), content.id()));
      long known = Math.max(content.syncedVersion(), state.appliedVersion());
      CommitLog log =
          own(
              switch (content.log()) {
                case ENGINE ->
                    KeyValueLog.open(store(LOG, Use.LOG, Presence.EXISTING), content.id());
                case SEGMENTS ->
                    SegmentLog.open(place, content.id(), settings.segmentBytes(), known);
              });
      checkWhole(content, log.trimmedVersion(), log.lastVersion(), state.appliedVersion());
      file.begin(log.lastVersion());
      return new OpenedStore(file, log, state, owned);
    }

    private KeyValueStore store(String part, Use use, Presence presence) throws IOException {
      List<String> spaces = use == Use.LOG ? KeyValueLog.SPACES : StateStore.SPACES;
      return own(engine.open(directory.resolve(part), new Options(use, presence, spaces)));
    }

    private <T extends AutoCloseable> T own(T part) {
      owned.push(part);
      return part;
    }
  }
}
