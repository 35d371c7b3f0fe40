package io.khonsu.simulation;

import io.khonsu.Khonsu;
import io.khonsu.ReplicatedStore;
import io.khonsu.Snapshot;
import io.khonsu.Transaction;
import io.khonsu.TransactionOptions;
import io.khonsu.distributed.ClientReply;
import io.khonsu.distributed.CommitIds;
import io.khonsu.distributed.DistributedCommitManager;
import io.khonsu.distributed.Outcome;
import io.khonsu.distributed.Submission;
import io.khonsu.distributed.deviation.Defect;
import io.khonsu.mvcc.IsolationLevel;
import io.khonsu.testkit.history.HistoryRecorder;
import io.khonsu.testkit.history.Operation;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.SplittableRandom;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One client: runs one transaction after another on whichever node answers, sends again what has no
 * answer, and records what it did and saw.
 */
final class ClusterClient {
  private static final long TICK = Scheduler.TICK;
  private static final int ANSWER_TICKS = 60;
  private static final int STALENESS_TICKS_MAX = 200;
  private static final int TRIES_MAX = 25;

  /** After so many tries it asks for the outcome instead. */
  private static final int TRIES_BEFORE_ASKING = 6;

  private final ClusterWorld world;
  private final ClusterRun run;
  private final SplittableRandom random;
  private final HistoryRecorder.Client history;
  private final List<byte[]> setUp = new ArrayList<>();
  private long session;
  private long lastNumber;
  private boolean isStopped;
  private boolean isIdle;

  /** Counts what it does: an answer to what it does not wait for any more is ignored. */
  private long step;

  ClusterClient(ClusterWorld world, ClusterRun run, HistoryRecorder.Client history) {
    this.world = world;
    this.run = run;
    this.random = world.random().split();
    this.history = history;
  }

  void start() {
    later(random.nextInt(1, 20), this::next);
  }

  /** Begins nothing new. */
  void stop() {
    isStopped = true;
  }

  /** {@return whether it has ended} */
  boolean isIdle() {
    return isIdle;
  }

  private void later(int ticks, Runnable action) {
    world.scheduler().after(ticks * TICK + random.nextLong(TICK), action);
  }

  private void next() {
    step++;
    if (isStopped) {
      isIdle = true;
      return;
    }
    ClusterNode node = anyServer();
    DistributedCommitManager manager = node.responsive();
    if (manager == null || node.isWriting()) {
      later(manager == null ? 5 : 1, this::next);
    } else if (session == 0) {
      openSession(node, manager);
    } else if (!ClusterTables.areThere(manager.store())) {
      createTables(manager);
    } else if (random.nextInt(4) == 0) {
      if (random.nextInt(4) == 0) {
        readStale(node, manager);
      } else {
        read(node, manager);
      }
    } else {
      write(manager);
    }
  }

  private ClusterNode anyServer() {
    List<ClusterNode> servers = world.servers();
    return servers.get(random.nextInt(servers.size()));
  }

  // Sessions and tables.

  private void openSession(ClusterNode node, DistributedCommitManager manager) {
    await(
        node,
        manager::openSession,
        reply -> {
          if (reply instanceof ClientReply.Done(Outcome.SessionOpened(long opened))) {
            session = opened;
            lastNumber = 0;
          }
          later(1, this::next);
        },
        this::next);
  }

  private void createTables(DistributedCommitManager manager) {
    if (setUp.isEmpty()) {
      ClusterTables.SPECS.forEach(spec -> setUp.add(manager.replicatedStore().request(spec)));
    }
    byte[] request = setUp.removeFirst();
    new Commit(request, (_, _) -> later(3, this::next)).send();
  }

  // Reading.

  private void read(ClusterNode node, DistributedCommitManager manager) {
    long from = run.firstKey();
    history.invoke(List.of());
    int life = node.life();
    await(
        node,
        owner -> manager.awaitCurrent(0, owner),
        reply -> {
          if (reply instanceof ClientReply.Current) {
            look(node, life, () -> readNow(manager.store(), from), history::failed);
          } else {
            history.failed();
            later(random.nextInt(1, 16), this::next);
          }
        },
        () -> {
          history.failed();
          next();
        });
  }

  /** Reads what may be as old as clocks that drift allow, and nothing older. */
  private void readStale(ClusterNode node, DistributedCommitManager manager) {
    long staleness = random.nextInt(1, STALENESS_TICKS_MAX) * TICK;
    long called = world.scheduler().now();
    int life = node.life();
    await(
        node,
        owner -> manager.awaitCurrent(staleness * ClusterWorld.NANOS_PER_UNIT, owner),
        reply -> {
          if (reply instanceof ClientReply.Current) {
            look(
                node,
                life,
                () -> checkFresh(manager.store(), called - staleness * 5 / 4),
                () -> {});
          } else {
            later(random.nextInt(1, 16), this::next);
          }
        },
        this::next);
  }

  private void checkFresh(Khonsu store, long time) {
    try (Snapshot snapshot = store.localSnapshot()) {
      run.checkFresh(snapshot.version(), time);
    }
  }

  /** Looks at a node's state when it can be seen, if the node is not gone by then; goes on. */
  private void look(ClusterNode node, int life, Runnable seen, Runnable gone) {
    if (node.life() == life && node.isWriting()) {
      long wait = node.disk().busyUntil() - world.scheduler().now();
      world.scheduler().after(wait, () -> look(node, life, seen, gone));
      return;
    }
    (node.life() == life ? seen : gone).run();
    later(random.nextInt(1, 16), this::next);
  }

  private void readNow(Khonsu store, long from) {
    List<Operation> operations = new ArrayList<>();
    try (Snapshot snapshot = store.localSnapshot()) {
      for (long key = from; key < from + ClusterRun.KEYS; key++) {
        operations.add(new Operation.ReadList(key, ClusterTables.list(store, snapshot, key)));
      }
      history.committed(operations, null, snapshot.version());
    }
  }

  // Writing.

  private void write(DistributedCommitManager manager) {
    Khonsu store = manager.store();
    List<Operation> operations = new ArrayList<>();
    IsolationLevel level =
        run.has(ClusterMistake.READS_NOT_CERTIFIED)
            ? IsolationLevel.SNAPSHOT
            : IsolationLevel.SERIALIZABLE;
    long logged = 0;
    byte[] request;
    long snapshot;
    try (Transaction tx = store.begin(TransactionOptions.of(level))) {
      snapshot = tx.version();
      for (int i = random.nextInt(1, 4); i > 0; i--) {
        operate(store, tx, operations);
      }
      if (random.nextInt(3) == 0) {
        logged = run.nextValue();
        ClusterTables.log(store, tx, logged);
      }
      if (operations.stream().noneMatch(Operation.Append.class::isInstance)) {
        append(store, tx, operations);
      }
      request = manager.replicatedStore().request(tx);
    }
    history.invoke(operations); // known only now, but no time has passed
    long value = logged;
    new Commit(
            request,
            (result, version) -> {
              record(result, operations, version, snapshot);
              run.finished(result, operations, value);
              if (version != null) {
                run.acknowledged(version);
              }
              later(random.nextInt(1, 16), this::next);
            })
        .send();
  }

  private void operate(Khonsu store, Transaction tx, List<Operation> operations) {
    long key = run.firstKey() + random.nextInt(ClusterRun.KEYS);
    switch (random.nextInt(4)) {
      case 0 -> operations.add(new Operation.ReadList(key, ClusterTables.list(store, tx, key)));
      case 1 -> {
        long from = run.firstKey();
        SortedMap<Long, List<Long>> lists =
            ClusterTables.lists(store, tx, from, from + ClusterRun.KEYS, random.nextInt(2));
        lists.forEach((each, seen) -> operations.add(new Operation.ReadList(each, seen)));
      }
      default -> append(store, tx, operations);
    }
  }

  private void append(Khonsu store, Transaction tx, List<Operation> operations) {
    long key = run.firstKey() + random.nextInt(ClusterRun.KEYS);
    long value = run.nextValue();
    ClusterTables.append(store, tx, key, value);
    operations.add(new Operation.Append(key, value));
  }

  private void record(
      Result result, List<Operation> operations, @Nullable Long version, long snapshot) {
    switch (result) {
      case COMMITTED -> history.committed(operations, version, snapshot);
      case FAILED -> history.failed();
      case UNKNOWN -> history.unknown();
    }
  }

  /** What a client knows about a commit at last. */
  enum Result {
    COMMITTED,
    FAILED,
    UNKNOWN
  }

  /** A commit on its way: the same number is sent to one node after another until one answers. */
  private final class Commit {
    private final long commitId;
    private final Submission.Commit submission;
    private final BiConsumer<Result, @Nullable Long> done;
    private int tries;
    private boolean maySomebodyHaveIt;

    private Commit(byte[] request, BiConsumer<Result, @Nullable Long> done) {
      long number = ++lastNumber;
      this.commitId = CommitIds.of(session, number);
      this.submission = new Submission.Commit(commitId, number, request);
      this.done = done;
    }

    private void send() {
      step++;
      ClusterNode node = anyServer();
      DistributedCommitManager manager = node.responsive();
      if (manager == null) {
        later(random.nextInt(2, 10), this::send);
        return;
      }
      tries++;
      boolean asks = maySomebodyHaveIt && tries > TRIES_BEFORE_ASKING;
      Submission sent = asks ? new Submission.Resolve(commitId) : submission;
      boolean wasUncertain = maySomebodyHaveIt;
      maySomebodyHaveIt = true;
      await(
          node,
          owner -> manager.submit(sent, owner),
          reply -> answered(reply, wasUncertain),
          this::again);
    }

    private void again() {
      if (tries >= TRIES_MAX && !isStopped) {
        end(Result.UNKNOWN, null);
      } else {
        later(random.nextInt(1, 20), this::send);
      }
    }

    private void answered(ClientReply reply, boolean wasUncertain) {
      switch (reply) {
        case ClientReply.Done(Outcome.Decided(byte[] answer)) -> {
          Long version = ReplicatedStore.committedVersion(answer);
          end(version == null ? Result.FAILED : Result.COMMITTED, version);
        }
        case ClientReply.Done(Outcome.NeverApplied _) -> end(Result.FAILED, null);
        case ClientReply.Done(Outcome.NoSession _) -> {
          session = 0;
          end(wasUncertain ? Result.UNKNOWN : Result.FAILED, null);
        }
        case ClientReply.Done(Outcome other) ->
            throw InvariantViolation.violation("answers", "a commit is answered by", other);
        case ClientReply.Unavailable _ -> {
          maySomebodyHaveIt = wasUncertain;
          again();
        }
        case ClientReply.Unknown _ -> {
          if (world.defects().contains(Defect.TIMEOUT_MEANS_FAILED)) {
            end(Result.FAILED, null);
          } else {
            again();
          }
        }
        case ClientReply.Current _ ->
            throw InvariantViolation.violation("answers", "a commit is answered as a read");
      }
    }

    private void end(Result result, @Nullable Long version) {
      step++;
      world.trace().add(commitId);
      world.trace().add(result.name());
      done.accept(result, version);
    }
  }

  /** What asks a node for something, and says whether the node takes it. */
  private interface Question {
    boolean ask(Consumer<ClientReply> owner);
  }

  /**
   * Asks a node, and waits for its answer for a while. The answer leaves when the node's write has
   * ended; a crash before that swallows it.
   */
  private void await(
      ClusterNode node, Question question, Consumer<ClientReply> answered, Runnable gaveUp) {
    long itsStep = step;
    int life = node.life();
    boolean taken =
        question.ask(reply ->
            world
                .scheduler()
                .after(
                    node.disk().busyUntil() - world.scheduler().now(),
                    () -> {
                      if (step == itsStep && node.life() == life) {
                        step++;
                        answered.accept(reply);
                      }
                    }));
    if (taken) {
      node.wake();
    }
    world
        .scheduler()
        .after(
            ANSWER_TICKS * TICK,
            () -> {
              if (step == itsStep) {
                step++;
                gaveUp.run();
              }
            });
  }
}
