package io.khonsu.simulation;

import io.khonsu.consensus.Configuration;
import io.khonsu.consensus.Event;
import io.khonsu.consensus.Member;
import io.khonsu.consensus.Metadata;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** Breaks what the settings allow to be broken, at random times, until it is told to stop. */
final class Nemesis implements World.Listener {
  private static final long TICK = Scheduler.TICK;

  private final World world;
  private final Operator operator;
  private final Settings settings;
  private final SplittableRandom random;
  private boolean isStopped;
  private int lastLeader = 1;
  private long injected;

  Nemesis(World world, Operator operator) {
    this.world = world;
    this.operator = operator;
    this.settings = world.settings();
    this.random = world.random().split();
    world.listen(this);
  }

  /** {@return how often something was broken, single messages and writes aside} */
  long injected() {
    return injected;
  }

  void start() {
    if (settings.has(Fault.PARTITIONS) || settings.has(Fault.ONE_WAY_CUTS)) {
      repeat(20, 300, this::cutLinks);
    }
    if (settings.has(Fault.CRASHES)) {
      repeat(10, 200, this::crashOne);
    }
    if (settings.has(Fault.POWER_LOSS)) {
      repeat(200, 1200, this::crashAll);
    }
    if (settings.has(Fault.PAUSES)) {
      repeat(10, 200, this::pauseOne);
    }
    if (settings.has(Fault.SLOW_DISK) || settings.has(Fault.FAILED_SYNC)) {
      repeat(20, 200, this::changeDisks);
      repeat(5, 40, this::restartFailed);
    }
    if (settings.has(Fault.DISK_LOSS)) {
      repeat(200, 900, this::loseDisk);
    }
  }

  /** Ends all faults: every machine that a configuration needs runs, and every link works. */
  void stop() {
    isStopped = true;
    world.network().links().healAll();
    world.network().setFaults(NetworkFaults.NONE.withDelay(settings.network().delay()));
    world.setDisk(TICK / 5, 0);
    for (SimulatedNode node : world.nodes()) {
      if (node.isUp() && !node.isResponsive()) {
        recover(node);
      } else if (!node.isUp() && !node.isRetired()) {
        node.restart();
      }
    }
  }

  @Override
  public void happened(SimulatedNode node, Event event) {
    if (event instanceof Event.BecameLeader) {
      lastLeader = node.id();
    }
  }

  /** Does something again and again, with so many ticks in between. */
  private void repeat(int minTicks, int maxTicks, Runnable action) {
    after(
        random.nextInt(minTicks, maxTicks + 1),
        () -> {
          action.run();
          repeat(minTicks, maxTicks, action);
        });
  }

  private void after(int ticks, Runnable action) {
    world
        .scheduler()
        .after(
            ticks * TICK + random.nextLong(TICK),
            () -> {
              if (!isStopped) {
                action.run();
              }
            });
  }

  private void cutLinks() {
    injected++;
    Links links = world.network().links();
    links.healAll();
    List<Integer> ids = shuffledIds();
    boolean oneWay =
        settings.has(Fault.ONE_WAY_CUTS)
            && (!settings.has(Fault.PARTITIONS) || random.nextBoolean());
    if (oneWay) {
      cutOneWay(links, ids);
    } else {
      cutBothWays(links, ids);
    }
    after(random.nextInt(5, 250), links::healAll);
  }

  private void cutBothWays(Links links, List<Integer> ids) {
    switch (random.nextInt(8)) {
      case 0 -> links.isolate(ids, lastLeader);
      case 1 -> links.isolate(ids, ids.getFirst());
      case 2 -> links.split(ids, ids.subList(0, ids.size() / 2));
      case 3 -> links.star(ids, ids.getFirst());
      case 4 -> links.chain(ids);
      case 5 -> links.ring(ids);
      case 6 -> links.cutBothWays(ids.getFirst(), ids.getLast());
      default -> links.randomGraph(ids, 0.6, random);
    }
  }

  private void cutOneWay(Links links, List<Integer> ids) {
    switch (random.nextInt(5)) {
      case 0 -> links.deafen(ids, lastLeader);
      case 1 -> links.silence(ids, lastLeader);
      case 2 -> links.deafen(ids, ids.getFirst());
      case 3 -> links.cutOneWay(ids.getFirst(), ids.getLast());
      default -> links.randomOneWayGraph(ids, 0.7, random);
    }
  }

  private List<Integer> shuffledIds() {
    List<Integer> ids = new ArrayList<>(world.ids());
    for (int i = ids.size() - 1; i > 0; i--) {
      int j = random.nextInt(i + 1);
      ids.set(i, ids.set(j, ids.get(i)));
    }
    return ids;
  }

  private void crashOne() {
    int id = random.nextInt(3) == 0 ? lastLeader : shuffledIds().getFirst();
    crash(world.node(id), random.nextInt(4) == 0 ? 3 : 150);
  }

  private void crashAll() {
    world.nodes().forEach(node -> crash(node, 40));
  }

  private void crash(SimulatedNode node, int maxTicksDown) {
    if (!node.isUp()) {
      return;
    }
    injected++;
    node.crash();
    after(random.nextInt(1, maxTicksDown + 1), () -> restart(node));
  }

  private void restart(SimulatedNode node) {
    if (!node.isUp() && !node.isRetired()) {
      node.restart();
    }
  }

  private void pauseOne() {
    SimulatedNode node = world.node(random.nextInt(3) == 0 ? lastLeader : shuffledIds().getFirst());
    if (!node.isResponsive()) {
      return;
    }
    injected++;
    node.pause();
    int life = node.life();
    after(
        random.nextInt(2, 80),
        () -> {
          if (node.life() == life) {
            node.resume();
          }
        });
  }

  private void changeDisks() {
    injected++;
    long[] delays = {0, TICK / 5, 2 * TICK, 30 * TICK};
    long delay = settings.has(Fault.SLOW_DISK) ? delays[random.nextInt(delays.length)] : TICK / 5;
    double failures = settings.has(Fault.FAILED_SYNC) && random.nextBoolean() ? 0.002 : 0;
    world.setDisk(delay, failures);
  }

  private void restartFailed() {
    world.nodes().stream().filter(SimulatedNode::isFailed).forEach(node -> crash(node, 60));
  }

  private void recover(SimulatedNode node) {
    if (node.isFailed()) {
      node.crash();
      node.restart();
    } else {
      node.resume();
    }
  }

  /**
   * A configuration survives the loss of one of its disks; so no second before the first is out.
   */
  private void loseDisk() {
    Configuration configuration = world.invariants().chosen().newest().configuration;
    boolean isWhole =
        operator.isIdle()
            && configuration.members().size() > 2
            && configuration.members().stream().allMatch(member -> has(member, configuration));
    SimulatedNode node = world.node(shuffledIds().getFirst());
    if (isWhole && configuration.members().contains(node.member())) {
      injected++;
      node.loseDisk();
      after(random.nextInt(1, 60), () -> restart(node));
    }
  }

  /** {@return whether a member has begun the configuration, and it is on its disk} */
  private boolean has(Member member, Configuration configuration) {
    SimulatedNode node = world.node((int) member.node());
    Metadata metadata = node.disk().durable().metadata();
    return node.member().equals(member)
        && metadata != null
        && configuration.equals(metadata.configuration());
  }
}
