package io.khonsu;

import io.khonsu.internal.arrow.BatchFrame;
import io.khonsu.internal.arrow.FrozenBatch;
import io.khonsu.mvcc.CommitRecord;
import io.khonsu.mvcc.CommitRequest;
import io.khonsu.mvcc.CommitResult;
import io.khonsu.mvcc.Conflict;
import io.khonsu.mvcc.ConflictStrategy;
import io.khonsu.mvcc.HistoryHold;
import io.khonsu.mvcc.ReadSet;
import io.khonsu.mvcc.TxnBuffer;
import io.khonsu.mvcc.Version;
import io.khonsu.mvcc.WriteSet;
import io.khonsu.spi.CommitOrder;
import io.khonsu.spi.CommittedTransaction;
import io.khonsu.spi.DamagedStorageException;
import io.khonsu.spi.Mutation;
import java.nio.ByteBuffer;
import java.time.InstantSource;
import java.util.List;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.OutOfMemoryException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One replica of a store, for who puts commit requests in order: it applies each at its place, and
 * decides it as every other replica does. What it decides depends on the requests, their order and
 * the calls of {@link #moveWatermark} alone; never on time, on who reads here, or on memory: if
 * that runs out, an apply throws, and the replica must stop.
 *
 * <p>{@link #store} is for any number of threads; all else, but for {@link #stop}, for one at a
 * time.
 */
public final class ReplicatedStore implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ReplicatedStore.class);

  /*
   * The answer is part of the replicated state, and what exceptions say is not the same everywhere:
   * numbers depend on the locale, and compiled code throws some without any message.
   */
  private static final String MALFORMED =
      "it cannot be read, or does not fit the tables: the nodes log why, at level debug";

  private final Khonsu store;
  private final TxnBuffer<StoredValue> buffer;
  private final ReplayedVersions versions;
  private final DroppedTables droppedTables;
  private final Catalog catalog;
  private final Recovery recovery;
  private final Recovery.TableMaker tables;
  private final CommitEncoder encoder;
  private final ReplicatedCommitter committer;
  private final Memory memory;
  private final MemoryRoom room;
  private final HistoryHold<StoredValue> history;
  private final long sizeMaxBytes;

  /**
   * What came of a request.
   *
   * @param answer what whoever made the request is told
   * @param commit what was changed, or null if nothing was
   * @param isAsAsked whether {@link #asked} gives that commit as well
   * @param itemCount how many items were changed
   */
  @SuppressWarnings("ArrayRecordComponent") // handed over, never compared
  public record Applied(
      byte[] answer, @Nullable CommittedTransaction commit, boolean isAsAsked, int itemCount) {
    private Applied(CommitAnswer answer) {
      this(answer.encode(), null, false, 0);
    }
  }

  private ReplicatedStore(Khonsu store) {
    Engine parts = store.engine();
    this.store = store;
    this.buffer = parts.buffer();
    this.versions = parts.versions();
    this.droppedTables = parts.droppedTables();
    this.catalog = droppedTables.catalog();
    this.tables = parts::tableOf;
    this.memory = parts.memory();
    this.encoder = new CommitEncoder(catalog);
    this.committer = (ReplicatedCommitter) parts.committer();
    this.recovery = new Recovery(buffer, droppedTables, tables, versions, memory);
    this.room = new MemoryRoom(buffer, catalog, memory);
    this.history = buffer.hold();
    this.sizeMaxBytes = parts.config().transactionSizeMaxBytes();
  }

  /**
   * Creates an empty replica.
   *
   * @param config the same on all replicas in {@code transactionSizeMaxBytes}; certified by OCC
   * @param order what its transactions commit through; closed with the store
   * @param allocator borrowed, or null for one of its own
   * @param clock tells how old what is open has become; decides nothing
   * @throws IllegalArgumentException if it asks for another certification than OCC
   */
  public static ReplicatedStore create(
      StoreConfig config,
      CommitOrder order,
      @Nullable BufferAllocator allocator,
      InstantSource clock) {
    return new ReplicatedStore(Khonsu.replica(config, order, allocator, clock));
  }

  /** {@return the store, whose transactions are committed through the order} */
  public Khonsu store() {
    return store;
  }

  /**
   * Ends a transaction, and makes a request of what it has read and staged, for who hands it to the
   * order without waiting.
   */
  public byte[] request(Transaction transaction) {
    return ((StagedTransaction) transaction).intoRequest(committer);
  }

  /** {@return a request to create a table} */
  public byte[] request(TableSpec spec) {
    return committer.encode(spec);
  }

  /** {@return the answer to a request that was committed at a version} */
  public static byte[] committedAnswer(long version) {
    return new CommitAnswer.Committed(version, 0, List.of()).encode();
  }

  /** {@return the version at which a request was committed, by its answer; null if it was not} */
  public static @Nullable Long committedVersion(byte[] answer) {
    return CommitAnswer.decode(answer) instanceof CommitAnswer.Committed committed
        ? (Long) committed.version()
        : null;
  }

  /**
   * Decides a request, and changes the store as it says if it is accepted.
   *
   * @param version the version that it has if it is accepted: greater than all that was applied
   * @param transactionId what its changes are said to be of
   * @param request from {@link #request}, here or on another replica, or any bytes; the commit has
   *     parts of them, so nobody may change them any more
   * @throws StorageException if memory has run out: the replica must stop
   */
  public Applied apply(long version, long transactionId, byte[] request) {
    return apply(version, transactionId, PreparedRequest.unread(ByteBuffer.wrap(request)));
  }

  /**
   * {@return requests to be applied in this order, read as far as they can be, while what they
   * change is loaded from memory for all at once} It makes no difference for what comes of them,
   * whatever else is applied before or between them, or if some never are.
   *
   * @param requests what remains in each is one; some dozens at most
   */
  public List<PreparedRequest> prepare(List<ByteBuffer> requests) {
    return PreparedRequest.readAll(requests, this::nothingStaged, buffer);
  }

  private StagedMutations nothingStaged() {
    return new StagedMutations(catalog, tables, memory);
  }

  /** Decides a request as above. */
  public Applied apply(long version, long transactionId, PreparedRequest request) {
    if (version <= buffer.newestVersion()) {
      throw new IllegalArgumentException(
          "version %d is not newer than %d".formatted(version, buffer.newestVersion()));
    }
    try {
      return attempt(version, transactionId, request);
    } catch (UnavailableException e) {
      if (buffer.pendingVersion() >= version) {
        throw withoutMemory(e); // it was withdrawn, as what it merges is made only then
      }
      return attemptAfterCollecting(version, transactionId, request);
    }
  }

  /** What nobody can see any more goes when there are commits, but not all of it at once. */
  private Applied attemptAfterCollecting(
      long version, long transactionId, PreparedRequest request) {
    collect();
    try {
      return attempt(version, transactionId, request);
    } catch (UnavailableException e) {
      throw withoutMemory(e);
    }
  }

  private StorageException withoutMemory(UnavailableException cause) {
    return Recovery.withoutMemory(memory, "a commit that is in order", cause);
  }

  private Applied attempt(long version, long transactionId, PreparedRequest prepared) {
    try {
      return apply(version, transactionId, prepared.decoded(), prepared.takeStaged());
    } catch (EncodedRequest.MalformedException e) {
      return malformed(e);
    } catch (StoreException | OutOfMemoryException e) {
      throw e; // not a matter of the request, nor the same on every replica
    } catch (RuntimeException | StackOverflowError e) {
      if (buffer.pendingVersion() >= version) {
        throw e; // it has begun to change the store
      }
      return malformed(e);
    }
  }

  private void collect() {
    droppedTables.purge();
    buffer.collect();
  }

  /**
   * Whatever a request makes go wrong before anything was changed goes wrong on every replica: were
   * they to stop, they would stop again at each start.
   */
  private static Applied malformed(Throwable why) {
    return refused(CommitAnswer.Reason.MALFORMED, MALFORMED, why);
  }

  private Applied apply(
      long version, long transactionId, EncodedRequest request, @Nullable StagedMutations prepared)
      throws EncodedRequest.MalformedException {
    StagedMutations staged = prepared == null ? nothingStaged() : prepared;
    try {
      if (request.snapshotVersion() < history.version()) {
        return new Applied(new CommitAnswer.TooOld(request.snapshotVersion(), history.version()));
      }
      if (request.snapshotVersion() > buffer.newestVersion()) {
        throw new IllegalArgumentException("it has read what is not committed");
      }
      ReadSet<StoredValue> reads = request.reads(catalog);
      stage(request, staged, prepared != null);
      return decide(version, transactionId, request, reads, staged);
    } catch (TableDroppedException e) {
      return refused(CommitAnswer.Reason.TABLE_DROPPED, "a table that was read was dropped", e);
    } catch (TableExistsException e) {
      return refused(CommitAnswer.Reason.TABLE_EXISTS, String.valueOf(e.getMessage()), e);
    } catch (LimitExceededException e) {
      return new Applied(new CommitAnswer.OverLimit(e.sizeBytes(), e.limitBytes()));
    } catch (DamagedStorageException e) {
      return malformed(e);
    } finally {
      staged.discard();
    }
  }

  /**
   * {@return that a request is refused}
   *
   * @param message the same on all replicas
   */
  private static Applied refused(CommitAnswer.Reason reason, String message, Throwable why) {
    LOG.atDebug().setCause(why).addKeyValue("reason", reason).log("a request was refused");
    return new Applied(new CommitAnswer.Refused(reason, message));
  }

  private Table table(int id) {
    Table table = catalog.byId(id);
    if (table == null || table.isDropped()) {
      throw new TableDroppedException("a table that was read was dropped");
    }
    return table;
  }

  private void stage(EncodedRequest request, StagedMutations staged, boolean isStaged)
      throws DamagedStorageException {
    for (var writes : request.writes().entrySet()) {
      List<Mutation> mutations = writes.getValue().mutations();
      for (Mutation mutation : mutations) {
        check(mutation);
        if (PreparedRequest.isDefinition(mutation)
            && (request.changeCount() > 1 || writes.getKey() != ConflictStrategy.FAIL)) {
          throw new IllegalArgumentException(
              "a table is created or dropped by a transaction of its own, which fails on"
                  + " conflicts");
        }
      }
      if (!isStaged) {
        staged.addAll(numbered(mutations), writes.getKey());
      }
    }
    if (request.appends().isEmpty()) {
      return;
    }
    request.appends().forEach(this::check);
    staged.addAppends(request.appends());
    if (request.appends().size() > 1) {
      checkSize(staged.writes());
    }
  }

  /** A single batch that grows too large is refused when it is merged; several may be, together. */
  private void checkSize(WriteSet<StoredValue> writes) {
    long sizeBytes = 0;
    try (var newest = buffer.readOnlySnapshot()) {
      for (int i = 0; i < writes.size(); i++) {
        Version<StoredValue> committed =
            writes.isMerge(i) ? buffer.get(writes.key(i), newest) : null;
        sizeBytes += frameBytes(writes.version(i));
        sizeBytes += committed == null ? 0 : frameBytes(committed);
      }
    }
    if (sizeBytes > sizeMaxBytes) {
      throw new LimitExceededException(
          "merged batches", sizeBytes, "transactionSizeMaxBytes", sizeMaxBytes);
    }
  }

  /** {@return how large a batch is in a commit: the same on all replicas, unlike its memory} */
  private static long frameBytes(Version<StoredValue> version) {
    if (version.isTombstone() || !(version.requireValue() instanceof StoredBatch stored)) {
      return 0;
    }
    try (FrozenBatch batch = stored.pin()) {
      return BatchFrame.sizeBytes(batch);
    }
  }

  private void check(Mutation mutation) {
    if (mutation instanceof Mutation.CreateTable(int _, TableSpec spec)) {
      if (catalog.find(spec.name()).isPresent()) {
        throw new TableExistsException("there is a table \"" + spec.name() + "\" already");
      }
    } else {
      var _ = table(mutation.tableId());
    }
  }

  /** Tables get their numbers here, so that two nodes cannot give the same. */
  private List<Mutation> numbered(List<Mutation> mutations) {
    return mutations.size() == 1
            && mutations.getFirst() instanceof Mutation.CreateTable(int _, TableSpec spec)
        ? List.of(new Mutation.CreateTable(catalog.lastId() + 1, spec))
        : mutations;
  }

  private Applied decide(
      long version,
      long transactionId,
      EncodedRequest request,
      ReadSet<StoredValue> reads,
      StagedMutations staged)
      throws EncodedRequest.MalformedException {
    // Marked before it has its version: whoever was let in sees a snapshot from before, or the
    // mark.
    for (int i = 0; i < staged.dropped().size(); i++) {
      catalog.drop(staged.dropped().get(i));
    }
    CommitResult<StoredValue> result = null;
    versions.force(version);
    try (var snapshot = history.momentarySnapshot(request.snapshotVersion())) {
      result =
          buffer.commit(
              new CommitRequest<>(
                  transactionId, request.level(), snapshot, reads, staged.writes()));
    } finally {
      versions.release();
      if (!(result instanceof CommitResult.Accepted<StoredValue>)) {
        staged.dropped().forEach(catalog::restore);
      }
    }
    return switch (result) {
      case CommitResult.Accepted<StoredValue> accepted ->
          accepted(version, accepted, request, staged);
      case CommitResult.Aborted<StoredValue>(List<Conflict> conflicts) ->
          new Applied(new CommitAnswer.Aborted(conflicts));
      case CommitResult.Blocked<StoredValue> _ ->
          throw new AssertionError("broken invariant: what is applied is published");
    };
  }

  private Applied accepted(
      long version,
      CommitResult.Accepted<StoredValue> accepted,
      EncodedRequest request,
      StagedMutations staged)
      throws EncodedRequest.MalformedException {
    staged.handOver();
    CommitRecord<StoredValue> record = accepted.record();
    if (record.version() != version) { // all its writes were dropped
      return new Applied(new CommitAnswer.Committed(record.version(), 0, accepted.resolved()));
    }
    CommittedTransaction asked = isAsAsked(accepted, request, staged) ? request.onlyWrites() : null;
    CommittedTransaction commit = encoded(record, asked); // published, it lets go of its versions
    int tableId = 0;
    for (Table table : staged.created()) {
      catalog.add(table);
      tableId = table.id();
    }
    buffer.publish(record);
    for (Table table : staged.dropped()) {
      droppedTables.add(table, version);
    }
    return new Applied(
        new CommitAnswer.Committed(version, tableId, accepted.resolved()).encode(),
        commit,
        asked != null,
        record.size());
  }

  /**
   * {@return the commit of a request that has changed just what it asked for}
   *
   * @param request what remains in it; nobody changes it any more
   * @throws DamagedStorageException if it is no request that can have done that
   */
  public static CommittedTransaction asked(long version, long transactionId, ByteBuffer request)
      throws DamagedStorageException {
    try {
      CommittedTransaction writes = EncodedRequest.decode(request).onlyWrites();
      if (writes != null) {
        return writes.as(version, transactionId);
      }
    } catch (EncodedRequest.MalformedException e) {
      DamagedStorageException damage =
          new DamagedStorageException("commit %d: %s".formatted(version, e.getMessage()));
      damage.initCause(e);
      throw damage;
    }
    throw new DamagedStorageException(
        "commit %d cannot have changed what it asked for".formatted(version));
  }

  /** {@return whether what was installed is what was written, and known by the same numbers} */
  private static boolean isAsAsked(
      CommitResult.Accepted<StoredValue> accepted, EncodedRequest request, StagedMutations staged) {
    return accepted.resolved().isEmpty()
        && request.appends().isEmpty()
        && staged.created().isEmpty()
        && accepted.record().size() == staged.writes().size();
  }

  /**
   * {@return a commit with what was appended; one for which that fails is withdrawn}
   *
   * @param asked what was installed, as it came, if it is the same
   */
  private CommittedTransaction encoded(
      CommitRecord<StoredValue> record, @Nullable CommittedTransaction asked)
      throws EncodedRequest.MalformedException {
    boolean done = false;
    try {
      CommittedTransaction commit =
          asked == null
              ? encoder.encode(record)
              : asked.as(record.version(), record.transactionId());
      done = true;
      return commit;
    } catch (LimitExceededException e) { // only now was it merged
      throw e;
    } catch (IllegalArgumentException e) { // what was merged is too large to be encoded
      throw new EncodedRequest.MalformedException(String.valueOf(e.getMessage()), e);
    } finally {
      if (!done) {
        buffer.withdraw(record);
      }
    }
  }

  /**
   * Lets requests that read before a version be refused from here on, and the history before it be
   * forgotten. Must be called at the same places in the order on all replicas.
   */
  public void moveWatermark(long version) {
    long before = history.version();
    history.advance(Math.min(version, buffer.newestVersion()));
    boolean isShort = memory.headroomBytes() < 2 * memory.reserveBytes();
    if (isShort && history.version() > before) {
      collect(); // there may be no commits that would do it
    }
  }

  /**
   * {@return about how much memory outside the heap it takes to apply a request; 0 if that is none,
   * as for deletions and few small rows} For any thread.
   */
  public long memoryNeedBytes(byte[] request) {
    return memoryNeedBytes(ByteBuffer.wrap(request));
  }

  /** {@return the same of a request that is all that remains in a buffer} For any thread. */
  public long memoryNeedBytes(ByteBuffer request) {
    return room.needBytes(request);
  }

  /**
   * {@return why a request must not be put in order now, as memory is short here: what is in order
   * must be applied; null if it may be} For any thread.
   *
   * @param needBytes what {@link #memoryNeedBytes} says of it
   * @param underWayBytes the same of requests that were put in order and are not applied yet, as
   *     far as the caller knows of them
   */
  public @Nullable String memoryShortage(long needBytes, long underWayBytes) {
    return room.shortage(needBytes, underWayBytes);
  }

  /** {@return the same of a request as it is} For any thread. */
  public @Nullable String memoryShortage(byte[] request, long underWayBytes) {
    return memoryShortage(memoryNeedBytes(request), underWayBytes);
  }

  /** {@return how much memory is kept for what is in order and was not applied yet} */
  public long memoryReserveBytes() {
    return memory.reserveBytes();
  }

  /**
   * Says that nothing will be applied any more, as the replica has stopped: what needs the order
   * fails with {@link StorageException} from here on, and who waits for a change is woken to do so.
   * What is here can still be read. For any thread.
   */
  public void stop(Throwable cause) {
    committer.stop(cause);
  }

  /** {@return the oldest version that a request may have read at} */
  public long watermark() {
    return history.version();
  }

  /** {@return the version of the newest commit} */
  public long newestVersion() {
    return buffer.newestVersion();
  }

  /** {@return the number of the table last created, which no other table gets} */
  public int lastTableId() {
    return catalog.lastId();
  }

  /** Sees to it that tables get greater numbers than this, as after a table was dropped. */
  public void reserveTableIds(int lastId) {
    catalog.skipIds(lastId);
  }

  /**
   * Takes over a commit that was decided before, as from a snapshot of another replica.
   *
   * @throws DamagedStorageException if it cannot come next
   * @throws StorageException if there is no memory for it: the replica must stop
   */
  public void restore(CommittedTransaction commit) throws DamagedStorageException {
    recovery.applyOrStop(commit);
  }

  /**
   * Says that the state as of a version comes next, and not what led to it: nobody can read before
   * it.
   */
  public void beginAt(long version) {
    buffer.beginAt(version);
  }

  /** {@return the version of the last commit that {@link #scanState} shows, or 0} */
  public long scanVersion() {
    try (var snapshot = history.snapshot(history.version())) {
      return snapshot.lastCommit();
    }
  }

  /**
   * {@return a scan of what requests that are still taken may have read at the earliest: of {@link
   * #watermark}} Close it before the store.
   */
  public StateScan scanState() {
    return new StateScan(buffer, catalog, history.snapshot(history.version()));
  }

  /** {@return what looks whether a replica can take over what others tell of their state} */
  public StateCheck check() {
    return new StateCheck(tables, memory);
  }

  /**
   * {@return what brings this replica to a state that a scan of another one shows}
   *
   * @param version that of the scan, newer than every commit here
   */
  public StateTakeover takeOver(long version) {
    return new StateTakeover(buffer, catalog, recovery, version);
  }

  /** Closes the store. */
  @Override
  public void close() {
    store.closeAlone(); // ends what applies: until then, what it decides must be what others decide
    history.close();
  }
}
