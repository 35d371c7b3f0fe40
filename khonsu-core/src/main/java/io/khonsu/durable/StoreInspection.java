package io.khonsu.durable;

import io.khonsu.TableSpec;
import io.khonsu.spi.CommitLog;
import io.khonsu.spi.DamagedStorageException;
import io.khonsu.spi.KeyValueEngine;
import io.khonsu.spi.KeyValueEngine.Options;
import io.khonsu.spi.KeyValueEngine.Presence;
import io.khonsu.spi.KeyValueEngine.Use;
import io.khonsu.spi.KeyValueStore;
import io.khonsu.spi.StateReceiver;
import io.khonsu.spi.StorageRefusedException;
import io.khonsu.spi.StorageRefusedException.Reason;
import io.khonsu.spi.TransactionCodec;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What is found in a directory that should hold a store, without changing anything in it. Reads
 * everything, so it takes as long as that. Not thread-safe.
 */
public final class StoreInspection {
  /** How bad it is. */
  public enum Verdict {
    /** It is a store, and whole. */
    WHOLE,
    /** It cannot be looked at now: it is in use, of another format, or its engine is missing. */
    UNREADABLE,
    /** It is no store. */
    NO_STORE,
    /** Something is lost or damaged. */
    DAMAGED
  }

  private final Path directory;
  private final KeyValueEngine engine;
  private final Map<String, Object> facts = new LinkedHashMap<>();
  private final List<String> problems = new ArrayList<>();
  private Verdict verdict = Verdict.WHOLE;
  private StoreFile.@Nullable Content content;
  private long logFirst;
  private long logLast;
  private long applied;

  private StoreInspection(Path directory, KeyValueEngine engine) {
    this.directory = directory;
    this.engine = engine;
  }

  /** {@return what is found in a directory} */
  public static StoreInspection of(Path directory, KeyValueEngine engine) {
    StoreInspection inspection = new StoreInspection(directory, engine);
    boolean goesOn = inspection.step(inspection::checkPlace);
    goesOn = goesOn && inspection.step(inspection::readStoreFile);
    if (goesOn) {
      boolean readsLog = inspection.step(inspection::readLog);
      boolean readsState = inspection.step(inspection::readState);
      if (readsLog && readsState) {
        var _ = inspection.step(inspection::compare);
      }
    }
    return inspection;
  }

  /** {@return how bad it is} */
  public Verdict verdict() {
    return verdict;
  }

  /** {@return what is wrong, and what to do about it; empty if nothing is} */
  public List<String> problems() {
    return List.copyOf(problems);
  }

  /** {@return what is there: names to strings and numbers, in a fixed order} */
  public Map<String, Object> facts() {
    return new LinkedHashMap<>(facts);
  }

  /** A part of the inspection. */
  @FunctionalInterface
  private interface Step {
    void run() throws IOException;
  }

  /** {@return whether a part found nothing wrong} */
  private boolean step(Step step) {
    try {
      step.run();
      return true;
    } catch (StorageRefusedException e) {
      note(
          switch (e.reason()) {
            case DATA_LOSS, FOREIGN_PART -> Verdict.DAMAGED;
            case NOT_A_STORE -> Verdict.NO_STORE;
            case IN_USE, UNKNOWN_FORMAT, NOT_WRITABLE, MISSING_ENGINE -> Verdict.UNREADABLE;
          },
          e.reason() + ": " + e.getMessage());
    } catch (DamagedStorageException e) {
      note(Verdict.DAMAGED, "DAMAGED: " + e.getMessage());
    } catch (IOException e) {
      note(Verdict.UNREADABLE, "UNREADABLE: " + e);
    }
    return false;
  }

  private void note(Verdict found, String problem) {
    problems.add(problem);
    if (found.compareTo(verdict) > 0) {
      verdict = found;
    }
  }

  private void checkPlace() throws IOException {
    facts.put("directory", directory.toAbsolutePath().toString());
    if (!Files.isDirectory(directory)) {
      throw new StorageRefusedException(Reason.NOT_A_STORE, directory + " is no directory");
    }
    if (!Files.exists(directory.resolve(StoreFile.NAME))) {
      throw OpenedStore.withoutStoreFile(directory);
    }
    Optional<StoreLock> lock = StoreLock.probe(directory);
    if (lock.isPresent()) {
      lock.get().close();
    }
  }

  private void readStoreFile() throws IOException {
    StoreFile.Content found = StoreFile.read(directory);
    content = found;
    facts.put("store", found.id().toString());
    facts.put("incarnation", found.incarnation());
    facts.put("phase", found.phase().toString());
    facts.put("engine", found.engine());
    facts.put("log", found.log().toString());
    facts.put("syncedVersion", found.syncedVersion());
    if (!found.engine().equals(engine.name())) {
      throw OpenedStore.missingEngine(directory, found.engine(), engine.name());
    }
    if (found.phase() == StoreFile.Phase.CREATING) {
      throw new StorageRefusedException(
          Reason.NOT_A_STORE,
          "creating the store was interrupted: open it, and it is made; nothing was in it");
    }
  }

  private StoreFile.Content content() {
    StoreFile.Content found = content;
    if (found == null) {
      throw new AssertionError("broken invariant: the store's file was read before");
    }
    return found;
  }

  private void readLog() throws IOException {
    StoreId id = content().id();
    switch (content().log()) {
      case ENGINE -> {
        try (KeyValueStore store = store(OpenedStore.LOG, Use.LOG);
            CommitLog log = KeyValueLog.open(store, id)) {
          readLog(log);
        }
      }
      case SEGMENTS -> {
        try (CommitLog log = SegmentLog.look(directory.resolve(OpenedStore.LOG), id)) {
          readLog(log);
        }
      }
    }
  }

  private void readLog(CommitLog log) throws IOException {
    logFirst = log.trimmedVersion();
    logLast = log.lastVersion();
    facts.put("logTrimmedVersion", logFirst);
    facts.put("logLastVersion", logLast);
    facts.put("logBytes", log.sizeBytes());
    long[] commits = {0};
    log.read(
        logFirst,
        record -> {
          var _ = TransactionCodec.decode(record.bytes());
          commits[0]++;
        });
    facts.put("logCommits", commits[0]);
  }

  private void readState() throws IOException {
    try (KeyValueStore store = store(OpenedStore.STATE, Use.STATE);
        StateStore state = StateStore.open(store, content().id())) {
      applied = state.appliedVersion();
      facts.put("stateVersion", applied);
      facts.put("stateBytes", state.sizeBytes());
      state.holds().forEach((name, version) -> facts.put("hold " + name, version));
      Counting counting = new Counting();
      var _ = state.read(counting);
      facts.put("tables", counting.tables);
      facts.put("items", counting.items);
    }
  }

  private void compare() throws IOException {
    OpenedStore.checkWhole(content(), logFirst, logLast, applied);
    facts.put("commitsToReplay", applied < logLast ? "after version " + applied : "none");
  }

  private KeyValueStore store(String part, Use use) throws IOException {
    List<String> spaces = use == Use.LOG ? KeyValueLog.SPACES : StateStore.SPACES;
    return engine.open(directory.resolve(part), new Options(use, Presence.LOOKED_AT, spaces));
  }

  /** Counts what is in a state. */
  private static final class Counting implements StateReceiver {
    private long tables;
    private long items;

    @Override
    public void table(int tableId, long version, TableSpec spec) {
      tables++;
    }

    @Override
    public void item(int tableId, ByteBuffer key, long version, ByteBuffer frame) {
      items++;
    }
  }
}
