package io.khonsu.simulation;

import static io.khonsu.simulation.InvariantViolation.violation;

import io.khonsu.consensus.Configuration;
import io.khonsu.consensus.Event;
import io.khonsu.consensus.Member;
import io.khonsu.consensus.Replica;
import io.khonsu.consensus.ReplicaView;
import java.util.function.Consumer;

/** One run: first anything may go wrong, then nothing does and the cluster must become whole. */
final class SimulationRun implements World.Listener {
  /** How long before the end clients propose nothing new. */
  private static final int LAST_PROPOSAL_TICKS = 150;

  /** How long before the end leaders do not change any more. */
  private static final int STABLE_TICKS = 250;

  private static final long TICK = Scheduler.TICK;

  private final Settings settings;
  private final World world;
  private final Nemesis nemesis;
  private final Clients clients;
  private final Operator operator;
  private long configurations = 1;
  private long lastLeaderChange;
  private long settledTicks;

  private SimulationRun(Settings settings, long seed, Breakage breakage) {
    this.settings = settings;
    this.world = new World(settings, breakage, seed);
    this.clients = new Clients(world);
    this.operator = new Operator(world);
    this.nemesis = new Nemesis(world, operator);
    world.listen(this);
  }

  /** {@return what happened in a run of a family} */
  static RunReport run(Settings settings, long seed, Breakage breakage) {
    return new SimulationRun(settings, seed, breakage).report(seed);
  }

  /** As {@link #run}, and tells {@code narrator} everything that happens. */
  static RunReport narrated(
      Settings settings, long seed, Breakage breakage, Consumer<String> narrator) {
    SimulationRun run = new SimulationRun(settings, seed, breakage);
    run.world.narrate(narrator);
    return run.report(seed);
  }

  private RunReport report(long seed) {
    RunReport.Violation violation = null;
    try {
      run();
    } catch (RuntimeException | AssertionError e) {
      violation = RunReport.Violation.of(e, world.scheduler().now() / TICK);
    }
    return new RunReport(
        settings.name(),
        seed,
        world.breakage().name(),
        world.trace().toString(),
        counts(),
        violation);
  }

  @Override
  public void happened(SimulatedNode node, Event event) {
    switch (event) {
      case Event.BecameLeader _ -> lastLeaderChange = world.scheduler().now();
      case Event.ConfigurationStarted(Configuration configuration, long _, boolean _) ->
          configurations = Math.max(configurations, configuration.id());
      default -> {}
    }
  }

  private void run() {
    world.bootstrap();
    nemesis.start();
    clients.start();
    operator.start();
    long end = settings.ticks() * TICK;
    long quiet = end - settings.quietTicks() * TICK;
    world.runUntil(quiet);
    nemesis.stop();
    operator.stop();
    settle(quiet, end - LAST_PROPOSAL_TICKS * TICK);
    clients.stop();
    world.runUntil(end);
    checkWhole();
    if (!(lastLeaderChange < end - STABLE_TICKS * TICK)) {
      throw violation(
          "BLE-1 stable leader", "leaders still change at tick", lastLeaderChange / TICK);
    }
  }

  /**
   * Runs until {@code until}, and notes when all is decided everywhere that was proposed before.
   */
  private void settle(long quiet, long until) {
    for (long time = quiet; time < until; time += 5 * TICK) {
      world.runUntil(time);
      if (settledTicks == 0 && time > quiet && isSettled(quiet)) {
        settledTicks = (time - quiet) / TICK;
      }
    }
    world.runUntil(until);
    if (settledTicks <= 0) {
      throw violation(
          "liveness",
          "not settled",
          (until - quiet) / TICK,
          "ticks after the last fault;",
          describe());
    }
  }

  private boolean isSettled(long quiet) {
    if (clients.outstandingSince(quiet) > 0) {
      return false;
    }
    int decided = world.invariants().decidedMax();
    return newest().members().stream()
        .map(member -> world.node((int) member.node()))
        .allMatch(node -> node.isUp() && node.applied().length() >= decided - OPEN_ENTRIES);
  }

  /** How many entries may be on their way at any time although everything works. */
  private static final int OPEN_ENTRIES = 30;

  private void checkWhole() {
    if (clients.outstanding() != 0) {
      throw violation("liveness", clients.outstanding(), "entries never decided;", describe());
    }
    if (clients.readsUnanswered(world.scheduler().now() - 100 * TICK) != 0) {
      throw violation("liveness", "some reads have no answer;", describe());
    }
    for (Member member : newest().members()) {
      checkWhole(member, world.node((int) member.node()));
    }
  }

  private void checkWhole(Member member, SimulatedNode node) {
    Replica replica = node.replica();
    if (replica == null || !node.member().equals(member)) {
      throw violation("liveness", member, "was not replaced");
    }
    int decided = world.invariants().decidedMax();
    if (node.applied().length() != decided) {
      throw violation(
          "liveness", member, "decided", node.applied().length(), "of", decided, describe());
    }
    // Whatever could not be decided was rejected: nothing waits for ever.
    ReplicaView.Counters counters = replica.view().counters();
    if (counters.pendingBytes() != 0) {
      throw violation("liveness", member, "keeps", counters.pendingBytes(), "bytes of proposals");
    }
  }

  private String describe() {
    StringBuilder text = new StringBuilder(newest().toString());
    text.append(" from ").append(world.invariants().chosen().newest().start);
    text.append(", open ").append(clients.outstanding());
    for (SimulatedNode node : world.nodes()) {
      text.append("\n    ").append(node.describe());
    }
    return text.toString();
  }

  private Configuration newest() {
    return world.invariants().chosen().newest().configuration;
  }

  private RunReport.Counts counts() {
    return new RunReport.Counts(
        world.steps(),
        world.network().sent(),
        world.network().faultsInjected() + nemesis.injected() + world.diskFaults(),
        world.invariants().decidedMax(),
        world.invariants().ballots(),
        configurations,
        clients.readsServed(),
        settledTicks);
  }
}
