package io.khonsu;

import io.khonsu.mvcc.Certification;
import io.khonsu.spi.CommitOrder;
import io.khonsu.spi.NodeStarter;
import io.khonsu.spi.Storage;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.apache.arrow.memory.BufferAllocator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A store in this process, and with it what only such a store can do. Thread-safe; close it.
 *
 * <p>{@link #inMemory} keeps everything in memory; {@link #open} also gives every commit to a
 * {@link Storage} before it can be seen, and starts from what the storage holds; {@link #join}
 * makes this process a node of a cluster, on which the store is replicated.
 */
public final class Khonsu extends EngineStore {
  private static final Logger LOG = LoggerFactory.getLogger(Khonsu.class);

  /** What closing it does: ends it alone, or all that it is a part of, which then does so. */
  private volatile Runnable closing = this::closeAlone;

  private Khonsu(Engine engine) {
    super(engine);
  }

  /** {@return an empty replica, which commits through {@code order} and closes it} */
  static Khonsu replica(
      StoreConfig config,
      CommitOrder order,
      @Nullable BufferAllocator allocator,
      InstantSource clock) {
    if (config.certification() != Certification.OCC) {
      throw new IllegalArgumentException(
          "a store on several nodes certifies by OCC only, but its certification is "
              + config.certification());
    }
    return started(new Engine(config, null, allocator, clock, order));
  }

  /** {@return an empty store in memory, with default settings} */
  public static Khonsu inMemory() {
    return inMemory(StoreConfig.defaults());
  }

  /** {@return an empty store in memory} */
  public static Khonsu inMemory(StoreConfig config) {
    return started(new Engine(config, null, null, InstantSource.system(), null));
  }

  /**
   * {@return a store in memory that takes its memory from an allocator of the caller's}
   *
   * @param allocator borrowed; close it after the store
   */
  public static Khonsu inMemory(StoreConfig config, BufferAllocator allocator) {
    return started(new Engine(config, null, allocator, InstantSource.system(), null));
  }

  /**
   * Opens the store that a storage holds.
   *
   * @param storage taken over: closed with the store, and when this fails
   * @throws CorruptionException if the storage is damaged
   * @throws StorageException if it cannot be read
   */
  public static Khonsu open(StoreConfig config, Storage storage) {
    return open(config, storage, null, InstantSource.system());
  }

  /**
   * Opens the store that a storage holds, as {@link #open(StoreConfig, Storage)}, with memory from
   * an allocator of the caller's.
   *
   * @param allocator borrowed; close it after the store
   */
  public static Khonsu open(StoreConfig config, Storage storage, BufferAllocator allocator) {
    return open(config, storage, allocator, InstantSource.system());
  }

  /** Opens the store in a directory, with default settings, as {@link #open(Path, StoreConfig)}. */
  public static Khonsu open(Path directory) {
    return open(directory, StoreConfig.defaults());
  }

  /**
   * Opens the store in a directory, or creates one if the directory does not exist or is empty.
   * What was committed is there again, whatever happened to the process or the machine, as far as
   * {@link StoreConfig#durability} promises; history before it was opened is gone.
   *
   * <p>Needs a {@link io.khonsu.spi.KeyValueEngine} on the class path, as khonsu-rocksdb is one.
   *
   * @throws OpenRefusedException if there is no engine, the store is open elsewhere, a part of it
   *     is lost or foreign, or its format is unknown; nothing was changed
   * @throws CorruptionException if a part of it is damaged
   * @throws StorageException if it cannot be read
   */
  @SuppressWarnings("MustBeClosedChecker") // the store owns the storage
  public static Khonsu open(Path directory, StoreConfig config) {
    return open(config, DurableOpening.storage(directory, config), null, InstantSource.system());
  }

  /**
   * Connects to a cluster, with default settings, as {@link #connect(String, StoreConfig)}.
   *
   * @param address as {@code khonsu://db1.example:7501,db2.example:7501}
   */
  public static Store connect(String address) {
    return connect(address, StoreConfig.defaults());
  }

  /**
   * Connects to a cluster as a client, which is no node itself. Needs khonsu-grpc on the class
   * path.
   *
   * @param address {@code khonsu://HOST:PORT,HOST:PORT}: where some nodes listen for clients, best
   *     all of them; behind a question mark {@code tls.certificate}, {@code tls.key} and {@code
   *     tls.authorities}, files to be told from others by and to tell nodes by, as {@code
   *     ?tls.certificate=me.pem&tls.key=me.key&tls.authorities=ca.pem}; and {@code timeoutSeconds},
   *     30: how long a call goes from node to node if none answers
   * @param config limits of this client, and how its transactions behave
   * @throws IllegalArgumentException if the address is none, or its nodes refuse this client
   * @throws OpenRefusedException if nothing on the class path can connect
   * @throws StorageException if a file that the address names cannot be used
   * @throws UnavailableException if no node answers in time
   */
  public static Store connect(String address, StoreConfig config) {
    return RemoteStore.connect(address, config, null);
  }

  /**
   * Connects to a cluster, as {@link #connect(String, StoreConfig)}, with memory from an allocator
   * of the caller's.
   *
   * @param allocator borrowed; close it after the store
   */
  public static Store connect(String address, StoreConfig config, BufferAllocator allocator) {
    return RemoteStore.connect(address, config, allocator);
  }

  /** Starts a node that was there before, as {@link #join(Path, NodePresence)}. */
  public static Khonsu join(Path configFile) {
    return join(configFile, NodePresence.EXISTING);
  }

  /**
   * Starts a node of a cluster in this process, with everything that its configuration asks for: it
   * listens for the other nodes, and for clients, answers on its admin address, and archives. It is
   * the node that {@code khonsu server --config FILE} would run as a process of its own.
   *
   * <p>Its transactions commit on the cluster; {@link UnavailableException} says that there is no
   * leader, or no majority. If the node fails, as when its disk does, {@link StorageException} says
   * so, and what is in memory can still be read. Closing the store ends the whole node.
   *
   * <p>Needs khonsu-server and a {@link io.khonsu.spi.KeyValueEngine} on the class path, as
   * khonsu-rocksdb is one.
   *
   * @param configFile as docs/cluster.md describes it
   * @param presence whether the node was there before: so that a lost disk is never taken for that
   *     of a new node
   * @throws IllegalArgumentException if the file cannot be read, has an unknown key or a wrong
   *     value, or asks for what is not allowed, such as a listener that other machines reach
   *     without TLS, or has a certificate that the others would refuse; the message names the file,
   *     and where it is of one, the line and the key
   * @throws OpenRefusedException if there is nothing on the class path that can join, or the disk
   *     is missing, another node's, cut short, in use, or there already and must not be
   * @throws CorruptionException if the disk is damaged
   * @throws StorageException if the disk or the network cannot be used
   * @throws UnavailableException if a port is taken
   */
  public static Khonsu join(Path configFile, NodePresence presence) {
    NodeStarter.Node node =
        NodeOpening.node(
            Objects.requireNonNull(configFile, "configFile"),
            Objects.requireNonNull(presence, "presence"));
    Khonsu store = node.store();
    store.closing = node::close;
    return store;
  }

  static Khonsu open(
      StoreConfig config,
      @Nullable Storage storage,
      @Nullable BufferAllocator allocator,
      InstantSource clock) {
    Engine engine = engine(config, storage, allocator, clock);
    Khonsu store = new Khonsu(engine);
    try {
      engine.recover();
      LOG.atInfo().addKeyValue("config", config).log("opened the store");
      engine.start();
      return store;
    } catch (RuntimeException | Error e) {
      store.closeAfter(e);
      throw e;
    }
  }

  private static Engine engine(
      StoreConfig config,
      @Nullable Storage storage,
      @Nullable BufferAllocator allocator,
      InstantSource clock) {
    try {
      return new Engine(config, storage, allocator, clock, null);
    } catch (RuntimeException | Error e) {
      if (storage != null) {
        closeAfter(storage, e);
      }
      throw e;
    }
  }

  private static void closeAfter(Storage storage, Throwable failure) {
    try {
      storage.close();
    } catch (IOException | RuntimeException | Error e) {
      failure.addSuppressed(e);
    }
  }

  private static Khonsu started(Engine engine) {
    engine.start();
    return new Khonsu(engine);
  }

  private void closeAfter(Throwable failure) {
    try {
      close();
    } catch (RuntimeException e) {
      failure.addSuppressed(e);
    }
  }

  @Override
  public Table createTable(TableSpec spec) {
    return engine().createTable(spec);
  }

  @Override
  public Optional<Table> table(String name) {
    manager().views().checkOpen();
    return engine().catalog().find(name);
  }

  @Override
  public List<Table> tables() {
    manager().views().checkOpen();
    return engine().catalog().all();
  }

  @Override
  public void dropTable(Table table) {
    engine().dropTable(table);
  }

  /**
   * Tells a listener of every commit from now on that changes a range of a table, in the order of
   * the commits, one after another, on a virtual thread of its own. Close it.
   *
   * @return a handle to end it by, which says how far it has got
   * @throws IllegalArgumentException if the range does not fit the table
   * @throws IllegalStateException if there are {@value Watches#COUNT_MAX} watches already
   */
  public Watch watch(Table table, KeyRange range, ChangeListener listener) {
    return engine().watches().start(manager().feed(table, range, null), listener);
  }

  /**
   * Tells a listener as {@link #watch(Table, KeyRange, ChangeListener)} of every commit after a
   * version: where another watch has got to, or a snapshot is.
   *
   * @throws SnapshotTooOldException if it is older than the retention allows; it names the oldest
   * @throws IllegalArgumentException if it is newer than the newest commit
   */
  public Watch watch(Table table, KeyRange range, long version, ChangeListener listener) {
    return engine().watches().start(manager().feed(table, range, version), listener);
  }

  /**
   * {@return what is told to the listener of {@link #watch(Table, KeyRange, ChangeListener)}, to be
   * asked for by the caller, who must close it}
   */
  public ChangeFeed changes(Table table, KeyRange range) {
    return engine().watches().add(manager().feed(table, range, null));
  }

  /**
   * {@return what is told to the listener of {@link #watch(Table, KeyRange, long, ChangeListener)},
   * to be asked for by the caller, who must close it}
   */
  public ChangeFeed changes(Table table, KeyRange range, long version) {
    return engine().watches().add(manager().feed(table, range, version));
  }

  /**
   * {@return how the items of a table at one version differ from those at another, which may also
   * be the older one; close it}
   *
   * @throws SnapshotTooOldException if one is older than the retention allows; it names the oldest
   * @throws IllegalArgumentException if one is newer than the newest commit
   */
  public TableDiff diff(Table table, long fromVersion, long toVersion) {
    manager().views().checkOpen();
    var _ = manager().check(table);
    OpenSnapshot from = engine().watched(manager().snapshotAt(fromVersion));
    try {
      return new TableDiff(
          manager(), table, from, engine().watched(manager().snapshotAt(toVersion)));
    } catch (RuntimeException | Error e) {
      from.close();
      throw e;
    }
  }

  @Override
  public <R extends @Nullable Object, E extends Exception> R readOnly(SnapshotBody<R, E> body)
      throws E {
    try (Snapshot snapshot = manager().snapshot(0)) {
      return body.run(snapshot);
    }
  }

  /** {@return the instant, to the millisecond, of a commit version} */
  public static Instant instantOf(long version) {
    return HybridClock.instantOf(version);
  }

  /**
   * {@return the greatest version that a commit of an instant can have, and of its millisecond; -1
   * if it is before the epoch}
   */
  public static long lastVersionOf(Instant instant) {
    return HybridClock.lastOf(instant);
  }

  /** {@return where transactions have collided, the worst first} */
  public Contention contention() {
    return manager().contention();
  }

  /**
   * Adds a listener that is told of collisions and of waiting, one event after another, on a thread
   * of its own: it cannot hold up transactions. If it is slow, at most {@value Delivery#QUEUE_MAX}
   * events wait for it; further ones it misses, and the handle counts them. If it throws, it is
   * removed, and the handle says so.
   *
   * @return a handle to remove it by; closing the store does so too, after what waits
   * @throws IllegalStateException if there are {@value ContentionListeners#COUNT_MAX} already
   */
  public ListenerHandle addContentionListener(ContentionListener listener) {
    return manager().reports().listeners().add(listener);
  }

  /**
   * {@return what keeps the commits, or empty if they are in memory only} Borrowed, for tools such
   * as backups; of a store opened by its path a {@link io.khonsu.durable.DurableStorage}.
   */
  public Optional<Storage> storage() {
    return Optional.ofNullable(engine().storage());
  }

  /** {@return what the store has done and holds} */
  public StoreStatistics statistics() {
    return engine().statistics(retrying().retries());
  }

  /** Frees the history that nobody can see. Commits do their share of it anyway. */
  public void collect() {
    manager().views().checkOpen();
    engine().collect();
  }

  /**
   * Puts rows that lie in many small batches together in large ones, in the order of their keys, in
   * all row tables: scans become faster, and less memory is used. That happens in the background
   * anyway; this call does it now, at full speed. Others go on meanwhile; what is read stays the
   * same, at every version.
   *
   * @throws UnavailableException if memory is short: nothing is lost, try again later
   * @throws StoreClosedException if the store is closed, before or meanwhile
   */
  public void compact() {
    manager().views().checkOpen();
    engine().compact();
  }

  @Override
  public void close() {
    MergeStep.checkMayWait();
    closing.run();
  }

  /** Ends the store, but nothing that it is a part of. */
  void closeAlone() {
    if (manager().views().close()) {
      engine().close();
    }
  }
}
