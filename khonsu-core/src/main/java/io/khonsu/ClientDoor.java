package io.khonsu;

import io.khonsu.mvcc.Key;
import io.khonsu.mvcc.KeyInterval;
import io.khonsu.mvcc.ScanVisitor;
import io.khonsu.mvcc.TxnBuffer;
import io.khonsu.mvcc.Version;
import io.khonsu.spi.ClientService;
import io.khonsu.spi.ClientSessions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where a node lets remote clients in: bytes of a question in, bytes of its answer out. It keeps
 * nothing of a client between two questions, so a client that goes away leaves nothing behind, and
 * goes on at any other node. Thread-safe.
 */
public final class ClientDoor implements ClientService {
  /** So many questions may wait here for something to change, at a time. */
  private static final int WAITERS_MAX = 64;

  private static final Logger LOG = LoggerFactory.getLogger(ClientDoor.class);

  /** An answer of items or keys ends when it has so many bytes, or with what goes beyond. */
  private static final long FOUND_BYTES_MAX = 4L << 20;

  /** An answer of items or keys has so many at most. */
  private static final int FOUND_COUNT_MAX = 16_384;

  /** So many items, or few more, are looked at for one answer. */
  private static final int EXAMINED_COUNT_MAX = 1 << 17;

  private final Semaphore waiters = new Semaphore(WAITERS_MAX);
  private final TxnBuffer<StoredValue> buffer;
  private final Catalog catalog;
  private final TransactionManager manager;
  private final long clusterId;
  private final ClientSessions sessions;

  /**
   * Opens a door.
   *
   * @param store what the clients see
   * @param clusterId not 0: clients of another cluster are told so
   * @param sessions how they commit
   */
  public ClientDoor(ReplicatedStore store, long clusterId, ClientSessions sessions) {
    Engine engine = store.store().engine();
    this.buffer = engine.buffer();
    this.catalog = engine.catalog();
    this.manager = engine.manager();
    this.clusterId = clusterId;
    this.sessions = sessions;
  }

  @Override
  public byte[] answer(byte[] question) {
    return answered(() -> answered(decoded(question))).encode(clusterId);
  }

  @Override
  public CompletionStage<byte[]> answer(byte[] question, Executor waiting) {
    return pending(question, waiting).thenApply(answer -> answer.encode(clusterId));
  }

  /** A commit takes no thread while it waits for its place. */
  private CompletionStage<RemoteAnswer> pending(byte[] bytes, Executor waiting) {
    try {
      RemoteQuestion question = decoded(bytes);
      if (!RemoteLink.isBrief(question)) {
        throw new IllegalArgumentException("what may bring much is a call of its own");
      }
      return question instanceof RemoteQuestion.Commit commit
          ? submitted(commit)
          : CompletableFuture.supplyAsync(() -> answered(() -> answered(question)), waiting);
    } catch (RuntimeException e) {
      return CompletableFuture.completedFuture(
          answered(() -> {
            throw e;
          }));
    }
  }

  private RemoteQuestion decoded(byte[] bytes) {
    RemoteQuestion.Addressed asked = RemoteQuestion.decode(bytes);
    if (asked.clusterId() != 0 && asked.clusterId() != clusterId) {
      throw new IllegalArgumentException(
          "this is cluster %d, not %d: correct the address"
              .formatted(clusterId, asked.clusterId()));
    }
    return asked.question();
  }

  /** What gives an answer. */
  private interface Answering {
    RemoteAnswer answer() throws EncodedRequest.MalformedException;
  }

  private static RemoteAnswer answered(Answering answering) {
    try {
      return answering.answer();
    } catch (SnapshotTooOldException e) {
      return new RemoteAnswer.TooOld(e.version(), e.oldestVersion());
    } catch (TableDroppedException e) {
      return new RemoteAnswer.Dropped(String.valueOf(e.getMessage()));
    } catch (UnavailableException | StorageException | StoreClosedException e) {
      return new RemoteAnswer.Unavailable(String.valueOf(e.getMessage()));
    } catch (IllegalArgumentException | EncodedRequest.MalformedException e) {
      LOG.atDebug().setCause(e).log("a client asked what cannot be answered");
      return new RemoteAnswer.Refused(String.valueOf(e.getMessage()));
    }
  }

  private RemoteAnswer answered(RemoteQuestion question) throws EncodedRequest.MalformedException {
    return switch (question) {
      case RemoteQuestion.Newest newest -> newest(newest.atLeast(), newest.stalenessNanosMax());
      case RemoteQuestion.Items(long version, List<Key> keys) -> items(version, keys);
      case RemoteQuestion.Range range -> range(range);
      case RemoteQuestion.Changed(byte[] request, int waitMillis) -> changed(request, waitMillis);
      case RemoteQuestion.OpenSession() -> settled(sessions.open().thenApply(this::said));
      case RemoteQuestion.Commit commit -> settled(submitted(commit));
      case RemoteQuestion.Outcome(long commitId) ->
          settled(sessions.outcome(commitId).thenApply(ClientDoor::said));
    };
  }

  private CompletionStage<RemoteAnswer> submitted(RemoteQuestion.Commit commit) {
    return sessions
        .submit(
            sessions.commitId(commit.session(), commit.number()),
            commit.answeredBelow(),
            commit.request())
        .thenApply(this::said);
  }

  private static RemoteAnswer settled(CompletionStage<RemoteAnswer> pending) {
    try {
      return pending.toCompletableFuture().get();
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      return new RemoteAnswer.Unknown("the node stopped waiting, as nobody waits for its answer");
    } catch (ExecutionException e) {
      throw new IllegalStateException("a session ended without an answer", e);
    }
  }

  private static RemoteAnswer said(CommitStatus status) {
    return switch (status) {
      case CommitStatus.Committed(long version) -> new RemoteAnswer.Committed(version);
      case CommitStatus.NotCommitted() -> new RemoteAnswer.NeverApplied();
      case CommitStatus.Forgotten() -> new RemoteAnswer.NoSession();
      case CommitStatus.Unavailable(String reason) -> new RemoteAnswer.Unavailable(reason);
    };
  }

  private RemoteAnswer said(ClientSessions.Answer answer) {
    return switch (answer) {
      case ClientSessions.Answer.Opened(long session) -> new RemoteAnswer.Opened(session);
      case ClientSessions.Answer.Decided(byte[] decided) ->
          new RemoteAnswer.Decided(decided, sessions.leads());
      case ClientSessions.Answer.NeverApplied() -> new RemoteAnswer.NeverApplied();
      case ClientSessions.Answer.NoSession() -> new RemoteAnswer.NoSession();
      case ClientSessions.Answer.TooLarge(long size, long limit) ->
          new RemoteAnswer.TooLarge(size, limit);
      case ClientSessions.Answer.Unavailable(String reason) -> new RemoteAnswer.Unavailable(reason);
      case ClientSessions.Answer.Unknown(String reason) -> new RemoteAnswer.Unknown(reason);
    };
  }

  private RemoteAnswer newest(long atLeast, long stalenessNanosMax) {
    if (stalenessNanosMax != RemoteQuestion.Newest.KNOWN_THERE) {
      manager.committer().awaitCurrent(stalenessNanosMax);
    }
    awaitVersion(atLeast);
    return new RemoteAnswer.Versions(buffer.newestVersion(), buffer.oldestVersion());
  }

  /** A client that has seen a version elsewhere does not go back behind it. */
  private void awaitVersion(long version) {
    if (buffer.newestVersion() < version) {
      manager.committer().awaitCurrent(0);
      if (buffer.newestVersion() < version) {
        throw new UnavailableException(
            "this node does not know of version %d yet".formatted(version), null);
      }
    }
  }

  private OpenSnapshot at(long version) {
    awaitVersion(version);
    return manager.snapshotAt(version);
  }

  private RemoteAnswer items(long version, List<Key> keys) {
    try (OpenSnapshot at = at(version)) {
      return at.state()
          .during(() -> {
            FoundItems found = new FoundItems(null);
            for (Key key : keys) {
              if (found.isFull()) {
                return found.answer(key);
              }
              checkTable(key);
              Version<StoredValue> item = buffer.get(key, at.state().snapshot());
              if (item != null && !item.isTombstone()) {
                found.item(key, item);
              }
            }
            return found.answer(null);
          });
    }
  }

  private RemoteAnswer range(RemoteQuestion.Range asked) {
    KeyInterval interval = asked.interval();
    @Nullable Table table = checkTable(interval.from());
    Key end = interval.to();
    if (end == null || end.compareTo(tableEnd(interval.from())) > 0) {
      throw new IllegalArgumentException("an interval reaches beyond its table");
    }
    RowPredicate predicate =
        asked.filter().length == 0 || table == null
            ? null
            : new RowPredicate(FilterCodec.decode(asked.filter()), table.schema());
    try (OpenSnapshot at = at(asked.version())) {
      return at.state()
          .during(() -> {
            if (asked.keysOnly()) {
              FoundKeys found = new FoundKeys();
              Key next = buffer.scanPart(interval, at.state().snapshot(), found);
              return new RemoteAnswer.Names(found.keys, next);
            }
            FoundItems found = new FoundItems(predicate);
            Key next = buffer.scanPart(interval, at.state().snapshot(), found);
            return found.answer(next);
          });
    }
  }

  /** {@return the table of an item, or null if it is one itself} */
  private @Nullable Table checkTable(Key key) {
    if (Catalog.isCatalogKey(key)) {
      return null;
    }
    Table table = catalog.byId(Table.tableIdOf(key));
    if (table == null || table.isDropped()) {
      throw new TableDroppedException("the table was dropped");
    }
    return table;
  }

  private static Key tableEnd(Key key) {
    return Key.of(Table.prefixOf(Table.tableIdOf(key) + 1));
  }

  /**
   * Waits for the next commit to what was read, or, if any was committed since it was read,
   * whatever it changed, not at all: who asks reads again then, and asks with what is current.
   * Where too many wait, the answer comes at once: who commits must not have to wait for them.
   */
  private RemoteAnswer changed(byte[] bytes, int waitMillis)
      throws EncodedRequest.MalformedException {
    EncodedRequest request = EncodedRequest.decode(bytes);
    awaitVersion(request.snapshotVersion());
    try (Parking parking = new Parking()) {
      parking.own(buffer.awaitNext(request.reads(catalog), parking)::close);
      int millis = Math.clamp(waitMillis, 0, RemoteQuestion.WAIT_MILLIS_MAX);
      if (buffer.newestVersion() == request.snapshotVersion() && waiters.tryAcquire()) {
        try {
          if (parking.await(TimeUnit.MILLISECONDS.toNanos(millis))
              == ContentionListener.WaitOutcome.INTERRUPTED) {
            throw new UnavailableException("the node stops", null);
          }
        } finally {
          waiters.release();
        }
      }
    }
    return new RemoteAnswer.Versions(buffer.newestVersion(), buffer.oldestVersion());
  }

  /** Gathers items, until there are enough for one answer. */
  private final class FoundItems implements ScanVisitor<StoredValue> {
    private final @Nullable RowPredicate predicate;
    private final EncodedChanges changes = new EncodedChanges(catalog);
    private final RecentBatches recent = RecentBatches.insideView();
    private int count;
    private int examined;
    private long sizeBytes;

    private FoundItems(@Nullable RowPredicate predicate) {
      this.predicate = predicate;
    }

    @Override
    public void item(Key key, Version<StoredValue> item) {
      examined++;
      if (!(item.requireValue() instanceof StoredBatch batch)) {
        changes.add(key, item);
        count++;
      } else if (predicate == null || predicate.test(recent.bytesOf(batch), item.index())) {
        changes.add(key, item);
        count++;
        sizeBytes += catalog.tableOf(key).isRowTable() ? batch.rowBytes() : batch.sizeBytes();
      }
    }

    private boolean isFull() {
      return count >= FOUND_COUNT_MAX
          || sizeBytes >= FOUND_BYTES_MAX
          || examined >= EXAMINED_COUNT_MAX;
    }

    @Override
    public boolean wantsMore() {
      return !isFull();
    }

    private RemoteAnswer answer(@Nullable Key next) {
      return RemoteAnswer.Found.of(changes.finish(), next);
    }
  }

  /** Gathers keys, until there are enough for one answer. */
  private static final class FoundKeys implements ScanVisitor<StoredValue> {
    private final List<Key> keys = new ArrayList<>();
    private long sizeBytes;

    @Override
    public void item(Key key, Version<StoredValue> item) {
      keys.add(Key.of(key.toBytes()));
      sizeBytes += key.sizeBytes();
    }

    @Override
    public boolean wantsMore() {
      return keys.size() < FOUND_COUNT_MAX && sizeBytes < FOUND_BYTES_MAX;
    }
  }
}
