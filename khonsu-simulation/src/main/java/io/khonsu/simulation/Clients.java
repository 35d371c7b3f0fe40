package io.khonsu.simulation;

import static io.khonsu.simulation.InvariantViolation.violation;

import io.khonsu.consensus.Event;
import io.khonsu.consensus.Input;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * Clients that propose entries at any replica, again if they are not decided in time, and that
 * read. A read must see everything that was decided anywhere when it was asked for.
 */
final class Clients implements World.Listener {
  /** How many entries are waited for at most; clients wait when there are so many. */
  private static final int OUTSTANDING_MAX = 100;

  private static final int RETRY_TICKS = 80;

  /** How many entries are proposed again at a time. */
  private static final int RETRIES_MAX = 20;

  /** Whom clients talk to. */
  private enum Choice {
    MEMBERS,
    ALL
  }

  /** A read that is not answered: how much it must see, and where it was asked for. */
  private record PendingRead(int mustSee, long time, SimulatedNode node, int life) {}

  private final World world;
  private final SplittableRandom random;
  private final Map<Long, Long> outstanding = new LinkedHashMap<>();
  private final Map<Long, PendingRead> reads = new LinkedHashMap<>();
  private long readIds;
  private long readsServed;
  private boolean isStopped;

  Clients(World world) {
    this.world = world;
    this.random = world.random().split();
    world.listen(this);
  }

  void start() {
    everyTicks(2, this::propose);
    everyTicks(20, this::retry);
    if (world.settings().has(Activity.READS)) {
      everyTicks(8, this::read);
    }
  }

  /** Proposes nothing new; what is not decided is still proposed again. */
  void stop() {
    isStopped = true;
  }

  /** {@return how many entries are proposed and not known to be decided} */
  int outstanding() {
    return outstanding.size();
  }

  /** {@return how many entries that were proposed before {@code time} are not decided} */
  long outstandingSince(long time) {
    return outstanding.values().stream().filter(proposed -> proposed < time).count();
  }

  /** {@return how many reads were served} */
  long readsServed() {
    return readsServed;
  }

  /** {@return how many reads of members that did not crash have had no answer for long} */
  long readsUnanswered(long since) {
    var members = world.invariants().chosen().newest().configuration.members();
    return reads.values().stream()
        .filter(read -> read.time() < since && read.node().life() == read.life())
        .filter(read -> members.contains(read.node().member()))
        .count();
  }

  @Override
  public void applied(SimulatedNode node, int before) {
    if (outstanding.isEmpty()) {
      return;
    }
    for (int i = before; i < node.applied().length(); i++) {
      outstanding.remove(node.applied().entry(i));
    }
  }

  @Override
  public void happened(SimulatedNode node, Event event) {
    switch (event) {
      case Event.ReadReady(List<Long> ids, long index) -> {
        for (long id : ids) {
          served(node, id, index);
        }
      }
      case Event.ReadRejected(List<Long> ids) -> ids.forEach(reads::remove);
      default -> {}
    }
  }

  private void served(SimulatedNode node, long id, long index) {
    PendingRead read = reads.remove(id);
    if (read == null) {
      // Asked for in an earlier life, or answered twice.
      throw new InvariantViolation(
          "L1 linearizability", node.member() + " answers read " + id + ", which nobody waits for");
    }
    if (index < read.mustSee()) {
      throw violation(
          "L1 linearizability",
          node.member(),
          "reads at",
          index,
          "but",
          read.mustSee(),
          "entries were decided before");
    }
    if (index > world.invariants().decidedMax()) {
      throw violation(
          "L1 linearizability",
          node.member(),
          "reads at",
          index,
          "but only",
          world.invariants().decidedMax(),
          "entries are decided");
    }
    readsServed++;
  }

  private void everyTicks(int ticks, Runnable action) {
    long delay = random.nextLong(2L * ticks * Scheduler.TICK) + 1;
    world
        .scheduler()
        .after(
            delay,
            () -> {
              action.run();
              everyTicks(ticks, action);
            });
  }

  private void propose() {
    SimulatedNode node = any(random.nextInt(10) == 0 ? Choice.ALL : Choice.MEMBERS);
    if (isStopped || node == null || outstanding.size() >= OUTSTANDING_MAX) {
      return;
    }
    List<Long> ids = new ArrayList<>();
    int entryBytesMax = world.settings().limits().entryBytesMax();
    for (int count = random.nextInt(1, 4); count > 0; count--) {
      int size = entryBytesMax == 8 ? 8 : random.nextInt(8, entryBytesMax + 1);
      long id = world.payload().next(size);
      ids.add(id);
      outstanding.put(id, world.scheduler().now());
    }
    node.input(new Input.Propose(Payload.entries(ids)));
  }

  private void retry() {
    long late = world.scheduler().now() - RETRY_TICKS * Scheduler.TICK;
    SimulatedNode node = any(Choice.MEMBERS);
    List<Long> ids =
        outstanding.entrySet().stream()
            .filter(entry -> entry.getValue() < late)
            .map(Map.Entry::getKey)
            .limit(RETRIES_MAX)
            .toList();
    if (node != null && !ids.isEmpty()) {
      ids.forEach(outstanding::remove);
      ids.forEach(id -> outstanding.put(id, world.scheduler().now()));
      node.input(new Input.Propose(Payload.entries(ids)));
    }
  }

  private void read() {
    SimulatedNode node = any(random.nextInt(10) == 0 ? Choice.ALL : Choice.MEMBERS);
    if (node != null && !isStopped) {
      long id = ++readIds;
      reads.put(
          id,
          new PendingRead(
              world.invariants().decidedMax(), world.scheduler().now(), node, node.life()));
      node.input(new Input.Read(id));
    }
  }

  /** {@return a replica that answers: of the newest configuration, or any} */
  private @Nullable SimulatedNode any(Choice choice) {
    List<SimulatedNode> candidates = new ArrayList<>();
    var members = world.invariants().chosen().newest().configuration.members();
    for (SimulatedNode node : world.nodes()) {
      if (node.isResponsive() && (choice == Choice.ALL || members.contains(node.member()))) {
        candidates.add(node);
      }
    }
    return candidates.isEmpty() ? null : candidates.get(random.nextInt(candidates.size()));
  }
}
