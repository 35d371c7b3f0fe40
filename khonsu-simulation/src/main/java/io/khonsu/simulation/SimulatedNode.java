package io.khonsu.simulation;

import static io.khonsu.simulation.InvariantViolation.violation;

import io.khonsu.consensus.Ballot;
import io.khonsu.consensus.Bytes;
import io.khonsu.consensus.Configuration;
import io.khonsu.consensus.Decided;
import io.khonsu.consensus.DurableState;
import io.khonsu.consensus.Entries;
import io.khonsu.consensus.Envelope;
import io.khonsu.consensus.Event;
import io.khonsu.consensus.Input;
import io.khonsu.consensus.Member;
import io.khonsu.consensus.Metadata;
import io.khonsu.consensus.Output;
import io.khonsu.consensus.Persist;
import io.khonsu.consensus.Replica;
import io.khonsu.consensus.ReplicaView;
import io.khonsu.consensus.SnapshotId;
import io.khonsu.consensus.SnapshotRead;
import io.khonsu.consensus.StagedChunk;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * One machine: a replica, its disk, its clock, and a driver that carries out what the replica says.
 * It crashes, restarts and pauses when told to.
 */
final class SimulatedNode {
  /** Messages that wait until a write is on disk. */
  private record Held(long write, List<Envelope> envelopes) {}

  private final World world;
  private final int id;
  private final SimulatedDisk disk;
  private final long tickPeriod;
  private final Queue<Held> held = new ArrayDeque<>();
  private final List<Input> waiting = new ArrayList<>();

  private Member member;
  private @Nullable Replica replica;
  private Chain applied = new Chain();
  private int life;
  private long submitted;
  private long synced;
  private long writeEnds;
  private boolean isPaused;
  private boolean isFailed;
  private boolean isRemoved;
  private boolean isRetired;

  SimulatedNode(World world, int id, SimulatedDisk disk, long tickPeriod) {
    this.world = world;
    this.id = id;
    this.disk = disk;
    this.tickPeriod = tickPeriod;
    this.member = new Member(id, 0);
  }

  int id() {
    return id;
  }

  Member member() {
    return member;
  }

  SimulatedDisk disk() {
    return disk;
  }

  /** {@return what the state machine has seen} */
  Chain applied() {
    return applied;
  }

  /** {@return how often the node has started} */
  int life() {
    return life;
  }

  @Nullable Replica replica() {
    return replica;
  }

  boolean isUp() {
    return replica != null;
  }

  /** {@return whether the node is up and takes inputs at once} */
  boolean isResponsive() {
    return replica != null && !isPaused && !isFailed;
  }

  /** Shuts the node down: nobody needs it any more. */
  void retire() {
    crash();
    isRetired = true;
  }

  /** {@return whether the node was shut down for good} */
  boolean isRetired() {
    return isRetired;
  }

  /** {@return whether its storage failed, so that it has to be restarted} */
  boolean isFailed() {
    return isFailed;
  }

  /** {@return whether a configuration without the node is in force, as far as it knows} */
  boolean isRemoved() {
    return isRemoved;
  }

  /** Starts a replica that is a member of the first configuration. */
  void bootstrap() {
    begin(
        Replica.bootstrap(
            world.identity(member),
            world.firstConfiguration(),
            world.options(id),
            world.deviations()));
  }

  /** Starts a replica that knows nothing and waits to be taken in. */
  void join(List<Member> seeds) {
    begin(Replica.joining(world.identity(member), world.options(id), world.deviations()));
    input(new Input.Join(seeds));
  }

  /** Starts again from what the disk has kept; what was never written starts as it did first. */
  void restart() {
    DurableState state = disk.durable().durableState();
    applied = new Chain();
    if (state == null) {
      if (world.isFounder(member)) {
        bootstrap();
      } else {
        join(world.seeds(id));
      }
      return;
    }
    // The replica hands out again what is decided and kept.
    applied.copyFrom(disk.durable().log(), Math.toIntExact(state.compactedIndex()));
    begin(Replica.recover(state, world.options(id), world.deviations()));
  }

  /** Loses the storage, and with it the identity. */
  void loseDisk() {
    crash();
    disk.wipe();
    applied = new Chain();
    if (!world.has(Sabotage.AMNESIA)) {
      member = new Member(id, member.incarnation() + 1);
    }
  }

  void crash() {
    world.tell(this, "crashes", null);
    life++;
    replica = null;
    held.clear();
    waiting.clear();
    isPaused = false;
    isFailed = false;
    disk.crash();
    world.invariants().durable(member, disk.durable());
  }

  void pause() {
    world.tell(this, "pauses", null);
    isPaused = true;
  }

  /** Goes on after a pause: what has arrived is handled before the clock is looked at. */
  void resume() {
    world.tell(this, "goes on", null);
    isPaused = false;
    List<Input> inputs = List.copyOf(waiting);
    waiting.clear();
    inputs.forEach(this::input);
  }

  /** Gives the replica an input, now or when the node's pause is over. */
  void input(Input input) {
    Replica current = replica;
    if (current == null) {
      return;
    }
    if (isPaused) {
      waiting.add(input);
      return;
    }
    world.stepped(this, input);
    int before = life;
    Output output = current.step(input);
    if (life == before) {
      carryOut(output);
    }
  }

  /** Tells the replica that its storage has failed; from then on it must do nothing. */
  void failStorage() {
    input(new Input.StorageFailed());
    isFailed = true;
  }

  private void begin(Replica begun) {
    world.tell(this, "starts with", disk.durable().metadata());
    replica = begun;
    life++;
    submitted = 0;
    synced = 0;
    writeEnds = world.scheduler().now();
    isRemoved = false;
    isRetired = false;
    carryOut(begun.start());
    scheduleTick(life, world.random().nextLong(tickPeriod));
  }

  private void scheduleTick(int ofLife, long delay) {
    world.scheduler().after(delay, () -> tick(ofLife));
  }

  private void tick(int ofLife) {
    if (life != ofLife || replica == null) {
      return;
    }
    if (!isPaused) {
      input(Input.TICK);
    }
    scheduleTick(ofLife, tickPeriod);
  }

  private void carryOut(Output output) {
    if (output.isNothing()) {
      return;
    }
    if (isFailed) {
      throw violation("fail-stop", member, "goes on after its storage failed");
    }
    output.staged().forEach(disk::stage);
    if (output.persist() != null) {
      write(output);
    }
    world.traced(this, output);
    output.sendNow().forEach(this::send);
    if (!output.sendAfterPersist().isEmpty()) {
      held.add(new Held(submitted, output.sendAfterPersist()));
      releaseHeld();
    }
    deliver(output);
    for (StagedChunk chunk : output.staged()) {
      if (chunk.isLast()) {
        int current = life;
        world.scheduler().after(0, () -> checked(current, chunk));
      }
    }
    for (SnapshotRead read : output.snapshotReads()) {
      int current = life;
      world.scheduler().after(world.diskLatency(), () -> answer(current, read));
    }
  }

  private void write(Output output) {
    Metadata before = disk.issued().metadata();
    Persist persist = Objects.requireNonNull(output.persist());
    if (!(persist.number() == submitted + 1)) {
      throw violation("write numbers", persist.number(), submitted);
    }
    submitted = persist.number();
    disk.submit(persist);
    world.tell(this, "writes", persist);
    world.invariants().issued(this, before == null ? Ballot.NONE : before.promise());
    if (world.has(Sabotage.EARLY_REPORT)) {
      reportSoon(life, persist.number());
    }
    long now = world.scheduler().now();
    writeEnds = Math.max(writeEnds, now + world.diskLatency());
    int current = life;
    world.scheduler().after(writeEnds - now, () -> written(current, persist.number()));
  }

  /** What a driver must not do: say that a write is durable when it has only begun. */
  private void reportSoon(int ofLife, long number) {
    world
        .scheduler()
        .after(
            0,
            () -> {
              if (life == ofLife && !isFailed) {
                input(new Input.Persisted(number));
              }
            });
  }

  private void written(int ofLife, long number) {
    if (life != ofLife || replica == null || isFailed) {
      return;
    }
    if (world.syncFails(this)) {
      return;
    }
    if (disk.isSync(number)) {
      disk.sync(number);
      world.invariants().durable(member, disk.durable());
    }
    synced = number;
    releaseHeld();
    if (!world.has(Sabotage.EARLY_REPORT)) {
      input(new Input.Persisted(number));
    }
  }

  private void releaseHeld() {
    while (!held.isEmpty() && (held.peek().write() <= synced || world.has(Sabotage.EARLY_SEND))) {
      held.remove().envelopes().forEach(this::send);
    }
  }

  private void send(Envelope envelope) {
    world.invariants().sent(this, envelope.message());
    world.send(this, envelope);
  }

  private void deliver(Output output) {
    for (Event event : output.events()) {
      if (event instanceof Event.SnapshotInstalled(SnapshotId snapshot)) {
        applied.copyFrom(disk.issued().log(), Math.toIntExact(snapshot.index()));
        world.applied(this, 0);
      }
    }
    if (output.decided() != null) {
      apply(output.decided());
    }
    output.events().forEach(event -> world.happened(this, event));
  }

  private void apply(Decided decided) {
    int before = applied.length();
    if (decided.firstIndex() != before) {
      throw violation(
          "SC3 integrity", member, "decides from", decided.firstIndex(), "after", before);
    }
    for (Entries run : decided.entries()) {
      world.payload().read(run, applied);
    }
    world.applied(this, before);
  }

  private void checked(int ofLife, StagedChunk last) {
    if (life == ofLife && !isFailed) {
      input(new Input.SnapshotChecked(last.snapshot(), last.source(), /* isGood= */ true));
    }
  }

  private void answer(int ofLife, SnapshotRead read) {
    if (life != ofLife || replica == null) {
      return;
    }
    SnapshotId wanted = read.snapshot();
    if (disk.durable().snapshot() != wanted.index()) {
      input(new Input.SnapshotData(read, -1, Bytes.EMPTY));
      return;
    }
    byte[] bytes =
        Staging.encode(
            disk.durable().log(), Math.toIntExact(wanted.base()), Math.toIntExact(wanted.index()));
    int from = Math.toIntExact(Math.min(read.offset(), bytes.length));
    int size = Math.min(read.maxBytes(), bytes.length - from);
    input(new Input.SnapshotData(read, bytes.length, Bytes.copyOf(bytes, from, size)));
  }

  /** Takes a snapshot of what is decided and on disk, and lets go of entries before it. */
  void takeSnapshot(int keep) {
    Replica current = replica;
    if (current == null) {
      return;
    }
    StorageImage durable = disk.durable();
    int index =
        (int) Math.min(Math.min(applied.length(), durable.log().length()), current.decidedIndex());
    if (index <= durable.snapshot() || index <= durable.compacted() || submitted > synced) {
      return;
    }
    if (durable.log().digest(index) != applied.digest(index)) {
      throw violation(
          "I8 snapshot content", member, "has other entries on disk than it decided below", index);
    }
    int deltaFloor = durable.snapshot();
    disk.snapshotTaken(index);
    int keepFrom = Math.max(durable.compacted(), index - keep);
    input(new Input.SnapshotTaken(index, keepFrom, deltaFloor));
  }

  /** {@return the node's state in one line} */
  String describe() {
    Replica current = replica;
    String state = member + (isRemoved ? " removed" : "") + (isPaused ? " paused" : "");
    if (current == null) {
      return state + " down, disk " + disk.durable().log().length();
    }
    ReplicaView view = current.view();
    Configuration configuration = view.configuration();
    return state
        + (configuration == null ? " in none" : " in " + configuration.id())
        + " "
        + view.role()
        + " "
        + view.phase()
        + " applied "
        + applied.length()
        + " of "
        + view.log().acceptedIndex()
        + " promise "
        + view.ballots().promise()
        + " elected "
        + view.ballots().elected()
        + (view.ballots().happy() ? " happy" : " unhappy");
  }

  void setRemoved(boolean removed) {
    isRemoved = removed;
  }
}
