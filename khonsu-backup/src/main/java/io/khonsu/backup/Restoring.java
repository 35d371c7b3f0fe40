package io.khonsu.backup;

import io.khonsu.backup.ArchiveIndex.SegmentFile;
import io.khonsu.backup.BaseBackup.BackupFile;
import io.khonsu.backup.History.Path;
import io.khonsu.backup.History.Step;
import io.khonsu.backup.SegmentFormat.Header;
import io.khonsu.durable.DurableSettings;
import io.khonsu.durable.RestoredStore;
import io.khonsu.durable.StateStore;
import io.khonsu.durable.StoreId;
import io.khonsu.spi.CommittedTransaction;
import io.khonsu.spi.KeyValueEngine;
import io.khonsu.spi.StorageRefusedException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.StandardOpenOption;
import java.security.DigestInputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Makes the state that a plan leads to: copies the files of the base, then applies what was
 * committed after it. All that is read is checked on the way. Not thread-safe.
 */
final class Restoring implements AutoCloseable {
  private static final int BATCH_COMMITS = 256;
  private static final long BATCH_BYTES = 4 << 20;

  private final ArchiveIndex index;
  private final Path path;
  private final BackupProgress progress;
  private final RestoredStore store;
  private final StateStore state;
  private final long totalBytes;
  private final List<CommittedTransaction> batch = new ArrayList<>();
  private long batchBytes;
  private long doneBytes;
  private long transactions;
  private @Nullable Header lastHeader;
  private @Nullable Sha256 lastHash;

  /**
   * Begins a store in a directory that is new or empty, and gives it the base's state.
   *
   * @param settings its kind of log
   */
  Restoring(
      ArchiveIndex index,
      RestorePlan plan,
      java.nio.file.Path directory,
      DurableSettings settings,
      BackupProgress progress)
      throws IOException {
    this(index, plan, directory, settings, progress, null);
  }

  /**
   * Begins as above.
   *
   * @param owner whose state is made, to be taken from here; null for that of a new store, which is
   *     made here
   */
  Restoring(
      ArchiveIndex index,
      RestorePlan plan,
      java.nio.file.Path directory,
      DurableSettings settings,
      BackupProgress progress,
      @Nullable StoreId owner)
      throws IOException {
    this.index = index;
    this.path = plan.path();
    this.progress = progress;
    this.totalBytes = plan.bytes();
    this.store = RestoredStore.begin(directory, settings, engineFor(path.base()));
    boolean begun = false;
    try {
      this.state = begin(owner == null ? store.id() : owner);
      begun = true;
    } finally {
      if (!begun) {
        store.close();
      }
    }
  }

  private static KeyValueEngine engineFor(@Nullable BaseBackup base) throws IOException {
    KeyValueEngine engine = KeyValueEngine.onClassPath();
    if (base != null && !base.engine().equals(engine.name())) {
      throw new StorageRefusedException(
          StorageRefusedException.Reason.MISSING_ENGINE,
          "%s was taken with engine \"%s\", not \"%s\": put that engine on the class path"
              .formatted(base.object(), base.engine(), engine.name()));
    }
    return engine;
  }

  private StateStore begin(StoreId owner) throws IOException {
    BaseBackup base = path.base();
    if (base == null) {
      return store.openState(null, owner);
    }
    for (BackupFile file : base.files()) {
      copy(file);
    }
    Timeline timeline = index.timelines().get(base.timeline());
    if (timeline == null) {
      throw new DamagedArchiveException(Layout.timeline(base.timeline()), "it is missing");
    }
    StateStore opened = store.openState(timeline.storeId(), owner);
    if (opened.appliedVersion() != base.version()) {
      throw new DamagedArchiveException(
          base.object(), "its files are of version %d".formatted(opened.appliedVersion()));
    }
    return opened;
  }

  private void copy(BackupFile file) throws IOException {
    java.nio.file.Path target = store.statePlace().resolve(file.name());
    java.nio.file.Path parent = target.getParent();
    if (parent != null) {
      Files.createDirectories(parent);
    }
    try (DigestInputStream in =
            new DigestInputStream(index.archive().open(file.object()), Sha256.digest());
        OutputStream out = Files.newOutputStream(target, StandardOpenOption.CREATE_NEW)) {
      long size = in.transferTo(out);
      Sha256 hash = Sha256.of(in.getMessageDigest().digest());
      Optional<String> wrong =
          hash.hex().equals(file.sha256())
              ? file.wrong(size)
              : Optional.of(file.wrong(size).orElse("its content has another hash"));
      if (wrong.isPresent()) {
        throw new DamagedArchiveException(file.object(), wrong.get());
      }
    } catch (NoSuchFileException _) {
      throw new DamagedArchiveException(file.object(), "it is missing");
    }
    progress(file.sizeBytes());
  }

  /** {@return the state, as far as it has got} */
  StateStore state() {
    return state;
  }

  RestoredStore store() {
    return store;
  }

  /** {@return how many transactions were applied to the base} */
  long transactions() {
    return transactions;
  }

  /** Applies what was committed after the state, and up to a version that the plan reaches. */
  void replay(long version) throws IOException {
    for (Step step : path.steps()) {
      long upTo = Math.min(step.upTo(), version);
      if (upTo > state.appliedVersion()) {
        replay(step.segment(), upTo);
      }
    }
    applyBatch();
  }

  private void replay(SegmentFile segment, long upTo) throws IOException {
    try (SegmentReader reader = index.open(segment)) {
      check(segment, reader.header());
      for (var frame = reader.next(); frame != null; frame = reader.next()) {
        if (frame.version() <= upTo && frame.version() > state.appliedVersion()) {
          add(Verifying.checkTransaction(segment.object(), frame), frame.payload().remaining());
        }
      }
      lastHeader = reader.header();
      lastHash = reader.hash();
    } catch (NoSuchFileException _) {
      throw new DamagedArchiveException(segment.object(), "it is missing");
    }
    applyBatch();
    progress(segment.sizeBytes());
  }

  private void check(SegmentFile segment, Header header) throws DamagedArchiveException {
    if (!header.archive().equals(index.id()) || header.timeline() != segment.timeline()) {
      throw new DamagedArchiveException(segment.object(), "it is of another archive or timeline");
    }
    Header before = lastHeader;
    boolean follows =
        before != null
            && before.timeline() == header.timeline()
            && before.number() + 1 == header.number();
    if (follows && !header.previous().equals(lastHash)) {
      throw new DamagedArchiveException(
          segment.object(), "it does not follow the segment before it");
    }
  }

  private void add(CommittedTransaction transaction, int bytes) throws IOException {
    batch.add(transaction);
    batchBytes += bytes;
    transactions++;
    if (batch.size() >= BATCH_COMMITS || batchBytes >= BATCH_BYTES) {
      applyBatch();
    }
  }

  private void applyBatch() throws IOException {
    if (!batch.isEmpty()) {
      state.apply(batch);
      batch.clear();
      batchBytes = 0;
    }
  }

  private void progress(long bytes) {
    doneBytes += bytes;
    progress.onProgress("restoring", Math.min(doneBytes, totalBytes), totalBytes);
  }

  @Override
  public void close() throws IOException {
    store.close();
  }
}
