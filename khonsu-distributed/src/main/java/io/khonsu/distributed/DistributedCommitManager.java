package io.khonsu.distributed;

import io.khonsu.CommitStatus;
import io.khonsu.Khonsu;
import io.khonsu.NodePresence;
import io.khonsu.ReplicatedStore;
import io.khonsu.StoreConfig;
import io.khonsu.consensus.Configuration;
import io.khonsu.consensus.Entries;
import io.khonsu.consensus.Envelope;
import io.khonsu.consensus.Event;
import io.khonsu.consensus.Input;
import io.khonsu.consensus.Member;
import io.khonsu.consensus.Replica;
import io.khonsu.consensus.ReplicaView;
import io.khonsu.consensus.Role;
import io.khonsu.consensus.StopSign;
import io.khonsu.distributed.deviation.Defect;
import io.khonsu.spi.CommitOrder;
import io.khonsu.spi.KeyValueStore;
import io.khonsu.spi.ReplicatedHistory;
import io.khonsu.spi.StorageRefusedException;
import java.io.IOException;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.apache.arrow.memory.BufferAllocator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One node of a cluster: takes messages and time, and carries out what follows, in a duty cycle
 * that {@link #cycle} is one turn of. It has no thread and no clock: whoever owns it gives it both.
 *
 * <p>{@link #start}, {@link #cycle} and {@link #close} are for one thread at a time; the others for
 * any.
 */
public final class DistributedCommitManager implements AutoCloseable {
  /*
   * One turn:
   *
   *   drain     what has arrived: messages, submissions, reads
   *   tick      the consensus' time
   *   propose   what has gathered, if this node leads
   *   write     all that the steps want remembered, at once; forced if one of them asks for it
   *   send      what had to wait for that
   *   apply     what is decided, and answer
   *   tell      the others what is decided, if nothing has come for a while that it goes with
   *
   * While a write is forced, the inbox fills: that is the window in which requests gather.
   */
  private static final Logger LOG = LoggerFactory.getLogger(DistributedCommitManager.class);

  private final ClusterConfig config;
  private final Peers peers;
  private final Inbox inbox;
  private final ReplicatedStore store;
  private final GroupState state;
  private final Replica replica;
  private final Checkpoints checkpoints;
  private final Effects effects;
  private final Submitter submitter;
  private final Batching batching;
  private final ReadIndexes reads;
  private final LocalClient local;
  private final Upkeep upkeep;
  private final Membership membership;
  private final Telling telling = new Telling();
  private final Set<Defect> defects;

  private long nanos;
  private long epochMillis;
  private long lastTickNanos;
  private long leader;
  private long snapshotsInstalled;

  private volatile @Nullable Throwable failure;
  private volatile boolean closed;
  private Runnable haltAction = () -> {};
  private volatile @Nullable NodeStatus status;

  private DistributedCommitManager(Surroundings around, StoredReplica stored) {
    this.config = stored.config();
    this.defects = around.defects();
    this.inbox = new Inbox(config.limits().inboxBytesMax());
    Detours transport = new Detours(around.transport(), config.member().node());
    this.peers = new Peers(config, transport, inbox, new FromPeers());
    this.replica = stored.replica();
    this.submitter = new Submitter(config.times().resend().toNanos());
    this.reads = new ReadIndexes(config.times().commitTimeout().toNanos());
    this.local = new LocalClient(config, this, stored.start(), submitter, reads);
    this.store =
        ReplicatedStore.create(around.storeConfig(), local, around.allocator(), around.clock());
    this.state = new GroupState(config.group(), store, defects);
    this.checkpoints = new Checkpoints(config, around.disk(), store, state, defects);
    this.effects =
        new Effects(replica, around.disk(), stored.log(), checkpoints, peers::send, defects);
    this.membership = new Membership(config, replica, state, transport, this::step, peers::send);
    this.batching = new Batching(config, state, store);
    this.upkeep = new Upkeep(config, state, store);
  }

  /**
   * What a node works with.
   *
   * @param storeConfig settings of its store
   * @param disk taken over: what it remembers, with the spaces of {@link #spaces}
   * @param transport taken over: its way to the others
   * @param allocator borrowed, or null for one of its own
   * @param clock tells how old what is open has become; decides nothing
   * @param defects mistakes to make on purpose
   */
  public record Surroundings(
      StoreConfig storeConfig,
      KeyValueStore disk,
      Transport transport,
      @Nullable BufferAllocator allocator,
      InstantSource clock,
      Set<Defect> defects) {
    /** Takes a copy. */
    public Surroundings {
      defects = Set.copyOf(defects);
    }
  }

  /** {@return the names of the spaces that a node's disk must have} */
  public static List<String> spaces() {
    return ConsensusLog.spaces();
  }

  /**
   * Opens a node.
   *
   * @param presence whether it was there before
   * @throws StorageRefusedException if its disk is empty and must not be, or the other way round,
   *     or is another node's
   * @throws IOException if the disk cannot be read
   */
  public static DistributedCommitManager open(
      ClusterConfig config, NodePresence presence, Surroundings around) throws IOException {
    return new DistributedCommitManager(around, StoredReplica.open(config, presence, around));
  }

  /** Begins: applies what is known to be decided, and asks the others. */
  public void start(long nowNanos, long nowEpochMillis) throws IOException {
    note(nowNanos, nowEpochMillis);
    lastTickNanos = nanos;
    checkpoints.load();
    peers.start();
    var _ =
        Effects.unwrapping(() -> {
          effects.take(replica.start());
          return finish(true);
        });
    membership.updatePeers();
  }

  /**
   * Does what is to do now. For one thread at a time, which need not be the same.
   *
   * @param nowNanos the time of a clock that never steps back
   * @param nowEpochMillis the time of day, which versions are drawn from
   * @return whether there was anything to do
   * @throws IOException if the disk failed: the node has stopped
   */
  public boolean cycle(long nowNanos, long nowEpochMillis) throws IOException {
    if (failure != null || closed) {
      return false;
    }
    note(nowNanos, nowEpochMillis);
    try {
      return Effects.unwrapping(this::turn);
    } catch (IOException | RuntimeException | Error e) {
      stop(e);
      throw e;
    }
  }

  private boolean turn() throws IOException {
    reads.begin(nanos);
    boolean didWork = inbox.runAll() > 0;
    peers.catchUp();
    didWork |= tick();
    submit();
    propose();
    return finish(didWork);
  }

  /** {@return for how long there is nothing to do if nothing happens} For who takes the turns. */
  long patienceNanos() {
    long tick = config.times().tick().toNanos();
    return leader == config.member().node() ? telling.patienceNanos(tick) : tick;
  }

  /** {@return what is to be done, which is noted there} */
  Inbox inbox() {
    return inbox;
  }

  /** Sets what threads do that have brought frames of others; else they wake who waits. */
  void onArrival(Runnable action) {
    peers.onArrival(action);
  }

  /** {@return whether turns are short now} For who takes them. */
  boolean areTurnsShort() {
    return leader != config.member().node() && !checkpoints.isStaging();
  }

  private void note(long nowNanos, long nowEpochMillis) {
    nanos = nowNanos;
    epochMillis = nowEpochMillis;
    state.setLocalVersion(Versions.firstOf(nowEpochMillis));
  }

  private boolean tick() {
    if (nanos - lastTickNanos < config.times().tick().toNanos()) {
      return false;
    }
    lastTickNanos = nanos; // what a pause has missed is not made up for
    step(Input.TICK);
    membership.tick(nanos);
    peers.tick();
    upkeep.tick(nanos);
    submitter.expire(nanos);
    reads.expire(nanos);
    return true;
  }

  /** Brings what this node wants in the log to who leads. */
  private void submit() {
    if (replica.role() == Role.PASSIVE) {
      submitter.close(); // what becomes of it, only members hear
      reads.close();
      return;
    }
    List<Submission> due = leader == 0 ? List.of() : submitter.due(nanos);
    if (due.isEmpty()) {
      return;
    }
    if (leader == config.member().node()) {
      Batching.Offered offered = batching.offer(due, /* areOthers= */ false);
      submitter.sent(offered.taken(), nanos);
      submitter.postponed(offered.withoutMemory(), nanos);
    } else {
      forward(due);
    }
  }

  private void forward(List<Submission> due) {
    for (List<Submission> part : Batching.parts(due, config.limits())) {
      peers.send(leader, new PeerMessage.Forward(config.group(), part));
      submitter.sent(part, nanos);
    }
  }

  private void propose() {
    if (leader != config.member().node()) {
      return;
    }
    LogEntry.Tick due = upkeep.due(nanos, batching.draw(epochMillis, 1));
    if (due != null) {
      propose(due);
    }
    for (LogEntry.Batch batch = batching.next(epochMillis);
        batch != null;
        batch = batching.next(epochMillis)) {
      if (defects.contains(Defect.ANSWER_BEFORE_DECIDED)) {
        submitter.answerEarly(batch);
      }
      propose(batch);
      if (batching.isAwaited()) {
        step(Input.TELL_DECIDED); // at once when it is
      }
      telling.told(replica.decidedIndex());
    }
  }

  private void propose(LogEntry entry) {
    step(new Input.Propose(Entries.of(entry.encode())));
  }

  private boolean finish(boolean didSteps) throws IOException {
    if (leader != 0) {
      reads.ask(nanos, id -> step(new Input.Read(id)));
    }
    boolean didWork = effects.carryOut(this::apply, this::happened) || didSteps;
    tell();
    if (didWork) {
      status = currentStatus(); // before reads are answered: it is not older than what they show
    }
    if (defects.contains(Defect.READ_WITHOUT_ASKING)) {
      reads.readyAll(nanos, state.appliedIndex());
    }
    reads.applied(state.appliedIndex());
    return didWork;
  }

  private void tell() {
    if (leader == config.member().node() && telling.isDue(nanos)) {
      step(Input.TELL_DECIDED);
      telling.told(state.appliedIndex());
    }
  }

  private void apply(long firstIndex, Entries run) throws IOException {
    for (int i = 0; i < run.count(); i++) {
      long index = firstIndex + i;
      if (index >= state.appliedIndex()) {
        StopSign stopSign = run.stopSign();
        List<Runnable> answers = new ArrayList<>();
        if (stopSign != null) {
          state.apply(index, stopSign);
        } else {
          state.apply(
              index,
              run.buffer(i),
              (submission, outcome) -> {
                if (submitter.count() > 0) { // else nobody waits here
                  answers.add(() -> submitter.decided(submission, outcome));
                }
              });
        }
        checkpoints.applied(index, run.sizeBytes(i), state.takeChanges());
        answers.forEach(Runnable::run); // who is told of a commit finds it in the history
        telling.applied(state.appliedIndex(), nanos);
      }
    }
    batching.applied(state.clock());
  }

  private void happened(Event event) {
    switch (event) {
      case Event.BecameLeader(var ballot) -> leads(ballot.node());
      case Event.FollowsLeader(var ballot) -> leads(ballot.node());
      case Event.ReadReady(List<Long> ids, long index) -> reads.ready(ids, index);
      case Event.ReadRejected(List<Long> ids) -> reads.rejected(ids);
      case Event.SnapshotInstalled _ -> {
        snapshotsInstalled++;
        submitter.settle(state.sessions()); // before what comes behind it is applied
      }
      case Event.SnapshotWanted _ -> checkpoints.want();
      case Event.ConfigurationStarted(var configuration, long _, boolean _) -> begun(configuration);
      case Event.Retired _ -> membership.retired();
      case Event.ProposalsRejected _ -> batching.clear(); // whoever sent them sends them again
      default -> LOG.atDebug().addKeyValue("node", config.member()).log("{}", event);
    }
  }

  private void begun(Configuration configuration) {
    LOG.atInfo()
        .addKeyValue("node", config.member())
        .addKeyValue("members", configuration.members())
        .log("other members have begun");
    leader = 0;
    batching.clear();
    membership.begun(configuration, nanos);
  }

  private void leads(long node) {
    telling.told(state.appliedIndex()); // who begins to lead says it to all
    LOG.atInfo().addKeyValue("node", config.member()).addKeyValue("leader", node).log("follows");
    leader = node;
    batching.clear();
    submitter.sendAllAgain();
    membership.leads(node);
  }

  private void step(Input input) {
    effects.take(replica.step(input));
  }

  /** What the others say, and what follows from it. */
  private final class FromPeers implements Peers.Listener {
    @Override
    public void heard(long node, PeerMessage message) {
      switch (message) {
        case PeerMessage.Consensus(long _, Envelope envelope) -> {
          if (envelope.from().node() == node) {
            step(new Input.Receive(envelope));
          }
        }
        case PeerMessage.Forward(long _, List<Submission> submissions) -> {
          if (leader == config.member().node() && membership.member(node) != null) {
            var _ =
                batching.offer(
                    submissions, /* areOthers= */ true); // what has no room is sent again
          }
        }
        case PeerMessage.WhoIsThere _ -> membership.asked(node);
        case PeerMessage.Introduction answer -> membership.introduced(node, answer, nanos);
      }
    }

    @Override
    public void reconnected(long node) {
      Member member = membership.member(node);
      if (member != null) {
        step(new Input.Reconnected(member));
      }
    }
  }

  /** {@return the store, whose transactions commit on the cluster} */
  public Khonsu store() {
    return store.store();
  }

  /** {@return the replica that the store is, for who makes requests without waiting for them} */
  public ReplicatedStore replicatedStore() {
    return store;
  }

  /** {@return what was committed and applied here, for any thread, until the node ends} */
  public ReplicatedHistory history() {
    return checkpoints.commits();
  }

  /**
   * {@return how the node was at the end of its last turn, or when it last told the end of a
   * change}
   *
   * @throws IllegalStateException if it was not started
   */
  public NodeStatus status() {
    NodeStatus last = status;
    if (last == null) {
      throw new IllegalStateException("the node was not started");
    }
    return last;
  }

  /** {@return why the node has stopped by itself, or null} */
  public @Nullable Throwable failure() {
    return failure;
  }

  /**
   * Hands in a submission on behalf of a client with a session of its own.
   *
   * @param owner told once, by the event loop, so it must be quick
   * @return false if too much waits, or the node has stopped: the owner is told nothing
   * @throws IllegalArgumentException if it is larger than {@link ClusterConfig#requestBytesMax}
   */
  public boolean submit(Submission submission, Consumer<ClientReply> owner) {
    return local.submit(submission, owner);
  }

  /**
   * Opens a session for a client.
   *
   * @param owner told once, by the event loop: of {@link Outcome.SessionOpened}, if all goes well
   * @return false if too much waits, or the node has stopped: the owner is told nothing
   */
  public boolean openSession(Consumer<ClientReply> owner) {
    return local.openSession(owner);
  }

  /**
   * Asks for the moment from which on a snapshot of the store shows all that was acknowledged
   * anywhere before this call, or a while before it.
   *
   * @param stalenessNanosMax how long before, in nanoseconds, from 0
   * @param owner told once, by the event loop
   * @return false if too much waits, or the node has stopped: the owner is told nothing
   */
  public boolean awaitCurrent(long stalenessNanosMax, Consumer<ClientReply> owner) {
    return local.awaitCurrent(stalenessNanosMax, owner);
  }

  /** Asks what became of a commit, as {@link CommitOrder#outcome}. */
  CompletionStage<CommitStatus> outcome(long commitId) {
    return local.outcome(commitId);
  }

  /**
   * Changes who is in the cluster.
   *
   * @param owner told once, by the event loop, so it must be quick
   * @return false if too much waits, or the node has stopped: the owner is told nothing
   */
  public boolean changeMembers(MemberChange change, Consumer<ChangeResult> owner) {
    Consumer<ChangeResult> shown =
        result -> {
          if (failure == null && !closed) {
            status = currentStatus(); // who is told of a change finds it here
          }
          owner.accept(result);
        };
    // First it must know what the others do: it may have been removed, and who is in may be new.
    return local.awaitCurrent(
        0, reply -> membership.begin(change, reply instanceof ClientReply.Current, nanos, shown));
  }

  /**
   * Tries to make this node the leader.
   *
   * @param owner told once, by the event loop, whether it leads
   * @return false if too much waits, or the node has stopped: the owner is told nothing
   */
  public boolean lead(Consumer<Boolean> owner) {
    return enqueue(0, () -> membership.lead(leader, nanos, owner));
  }

  boolean enqueue(long sizeBytes, Runnable action) {
    return inbox.offer(sizeBytes + Inbox.ACTION_BYTES, action);
  }

  long nanos() {
    return nanos;
  }

  /** {@return why nothing came of a request, as far as it is known here} Event loop only. */
  String whyUnanswered() {
    return switch (membership.standing()) {
      case MEMBER -> leader == 0 ? "no leader is known" : batching.whyUndecided();
      case JOINING -> "the node waits until a member adds it";
      case LEAVING, REMOVED -> "the node was removed from the cluster: close it";
    };
  }

  private NodeStatus currentStatus() {
    ReplicaView view = replica.view();
    return new NodeStatus(
        epochMillis,
        config.member().node(),
        leader,
        view.ballots().happy(),
        state.appliedIndex(),
        state.hash(),
        state.clock(),
        membership.status(),
        state.sessions().count(),
        NodeStatus.consensus(view),
        NodeStatus.peers(view),
        new NodeStatus.Counts(
            state.commitCount(),
            state.abortCount(),
            snapshotsInstalled,
            checkpoints.refused(),
            view.counters().ballotsLed(),
            view.counters().refused()),
        new NodeStatus.Queues(
            submitter.count(),
            reads.count(),
            batching.count(),
            batching.waitingBytes(),
            inbox.sizeBytes()));
  }

  /** Ends what the node does, for a reason that is not its owner's. For who takes the turns. */
  void stop(Throwable cause) {
    failure = cause;
    Failures others = new Failures(cause);
    var line = LOG.atError().addKeyValue("node", config.member()).setCause(cause);
    others.during(() -> line.log("the node has stopped"));
    others.during(() -> store.stop(cause)); // before anything is refused: the store says why
    inbox.close();
    endAll(others);
  }

  /** Lets everybody who waits hear that nothing came of it. */
  private void endAll(Failures failures) {
    failures.during(inbox::runAll);
    failures.during(submitter::close);
    failures.during(reads::close);
    failures.during(membership::close);
  }

  /** Sets what is done first when the node ends: it must stop the calls of {@link #cycle}. */
  void onHalt(Runnable action) {
    haltAction = action;
  }

  /** Ends the node, but for its store: what waits is told that it is not known what will be. */
  void halt() {
    if (closed) {
      return;
    }
    closed = true;
    inbox.close();
    haltAction.run();
    Failures failures = new Failures();
    endAll(failures);
    failures.during(peers::close);
    failures.during(() -> effects.close(failure));
    failures.rethrow();
  }

  /** Ends the transactions that are open, waits for commits under way, and ends the node. */
  @Override
  public void close() {
    store.close();
  }
}
