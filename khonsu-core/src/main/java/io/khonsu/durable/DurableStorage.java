package io.khonsu.durable;

import io.khonsu.Durability;
import io.khonsu.spi.CommitLog;
import io.khonsu.spi.CommittedTransaction;
import io.khonsu.spi.KeyValueEngine;
import io.khonsu.spi.KeyValueStore.Sync;
import io.khonsu.spi.LogRecord;
import io.khonsu.spi.StateReceiver;
import io.khonsu.spi.Storage;
import io.khonsu.spi.StorageFullException;
import io.khonsu.spi.TransactionCodec;
import io.khonsu.spi.UncertainOutcomeException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * Keeps commits in a directory: first in a log, which is synced, then in a state that follows in
 * the background. See the package's description.
 *
 * <p>Commits are accepted by one thread; all else is thread-safe.
 */
public final class DurableStorage implements Storage {
  /*
   * What is on disk, at every moment:
   *
   *   log.trimmed <= state.flushed <= log.synced <= log.last      (all versions)
   *   store file's synced version <= log.synced
   *
   * so that state + log after it are all commits; and a log that ends before the store file's or
   * the state's version has lost some. What is applied to the state was synced in the log before,
   * as its engine may flush it at any time; the log is trimmed after the state was flushed; and the
   * store file is written last.
   */
  private final Path directory;
  private final DurableSettings settings;
  private final KeyValueEngine engine;
  private final OpenedStore parts;
  private final StateApplier applier;
  private final LogKeeper keeper;
  private final Scratch scratch;

  /** Where replaying begins. */
  private final long baseVersion;

  private boolean started;
  private boolean closed;

  private DurableStorage(
      Path directory, DurableSettings settings, KeyValueEngine engine, OpenedStore parts)
      throws IOException {
    this.directory = directory;
    this.settings = settings;
    this.engine = engine;
    this.parts = parts;
    this.baseVersion = parts.state().appliedVersion();
    this.applier = new StateApplier(parts.log(), parts.state(), parts.holds(), settings);
    this.keeper = new LogKeeper(parts.log(), parts.file(), settings.durability());
    this.scratch = new Scratch(directory, incarnation(), engine, settings.diskReserveBytes());
  }

  /**
   * Opens the store in a directory, or creates one if the directory does not exist or is empty.
   *
   * @throws io.khonsu.spi.StorageRefusedException if it is in use, incomplete or something else
   * @throws io.khonsu.spi.DamagedStorageException if it is not as it was written
   */
  public static DurableStorage open(Path directory, DurableSettings settings, KeyValueEngine engine)
      throws IOException {
    return new DurableStorage(
        directory, settings, engine, OpenedStore.open(directory, settings, engine));
  }

  @Override
  public StateReceiver.Extent readState(StateReceiver receiver) throws IOException {
    return parts.state().read(receiver);
  }

  @Override
  public void replay(Receiver receiver) throws IOException {
    parts
        .log()
        .read(baseVersion, record -> receiver.accept(TransactionCodec.decode(record.bytes())));
    start();
  }

  /** From now on the state moves on. */
  private synchronized void start() {
    if (!started && !closed) {
      started = true;
      applier.start();
      keeper.start();
    }
  }

  @Override
  public void prepare(CommittedTransaction commit) {
    var _ = commit.record();
  }

  @Override
  public void commit(List<CommittedTransaction> commits) throws IOException {
    start();
    IOException failure = keeper.failure();
    if (failure != null) {
      throw new UncertainOutcomeException("the log has stopped", failure);
    }
    applier.awaitRoom();
    List<LogRecord> records = commits.stream().map(CommittedTransaction::record).toList();
    checkSpace(records);
    boolean syncs = settings.durability().mode() == Durability.Mode.SYNC;
    parts.log().append(records, syncs ? Sync.SYNCED : Sync.WRITTEN);
    applier.offer(commits);
  }

  private void checkSpace(List<LogRecord> records) throws StorageFullException {
    long free = directory.toFile().getUsableSpace();
    long size = records.stream().mapToLong(record -> record.bytes().length).sum();
    if (free < settings.diskReserveBytes() + size) {
      throw new StorageFullException(
          "the disk of %s has %d bytes left, %d are kept in reserve (diskReserveBytes): make space"
              .formatted(directory, free, settings.diskReserveBytes()));
    }
  }

  /** Returns when all that was committed before this call survives a power failure. */
  public void sync() throws IOException {
    Threads.apart("khonsu-log-sync", parts.log()::sync);
  }

  /** Returns when all that was committed before this call is in the state, and flushed. */
  public void flushState() throws IOException {
    start();
    applier.flush();
  }

  /** {@return what tells this store from others} */
  public StoreId id() {
    return parts.file().content().id();
  }

  /** {@return how often the store was opened, this time included} */
  public long incarnation() {
    return parts.file().content().incarnation();
  }

  /** {@return the log; borrowed, to be read} */
  public CommitLog log() {
    return parts.log();
  }

  /** {@return the state; borrowed, to be read and copied} */
  public StateStore state() {
    return parts.state();
  }

  /** {@return where this store can put what it need not keep; borrowed, closed with this} */
  public Scratch scratch() {
    return scratch;
  }

  /** {@return what opens the parts of this store} */
  public KeyValueEngine engine() {
    return engine;
  }

  /** {@return the directory that all is in} */
  public Path directory() {
    return directory;
  }

  /**
   * {@return the hold on the log of a name: the one that was there before, also before the store
   * was opened, or a new one}
   *
   * @param version where a new one begins: what is after it stays in the log; the hold is broken if
   *     the log begins later
   */
  public LogHold holdLog(String name, long version) throws IOException {
    LogHold hold = parts.holds().hold(name, version);
    if (hold.version() < parts.log().trimmedVersion() && !hold.isBroken()) {
      parts.holds().breakAt(parts.log().trimmedVersion());
    }
    return hold;
  }

  /** {@return how large the log and the state are on disk} */
  public long sizeBytes() throws IOException {
    return parts.log().sizeBytes() + parts.state().sizeBytes();
  }

  @Override
  public void close() throws IOException {
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
    }
    try {
      scratch.close();
    } finally {
      applier.close();
      keeper.close();
      Threads.apart("khonsu-close", parts::close);
    }
  }
}
