package io.khonsu.simulation;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** Breaks what the settings allow to be broken around whole nodes, until it is told to stop. */
final class ClusterNemesis {
  private static final long TICK = Scheduler.TICK;

  private final ClusterWorld world;
  private final ClusterSettings settings;
  private final SplittableRandom random;
  private boolean isStopped;
  private long injected;

  ClusterNemesis(ClusterWorld world, ClusterSettings settings) {
    this.world = world;
    this.settings = settings;
    this.random = world.random().split();
  }

  /** {@return how often something was broken, single messages and writes aside} */
  long injected() {
    return injected;
  }

  void start() {
    if (settings.has(Fault.PARTITIONS) || settings.has(Fault.ONE_WAY_CUTS)) {
      repeat(30, 300, this::cutLinks);
    }
    if (settings.has(Fault.CRASHES)) {
      repeat(20, 250, () -> crash(anyNode(), random.nextInt(4) == 0 ? 3 : 120));
    }
    if (settings.has(Fault.POWER_LOSS)) {
      repeat(200, 700, () -> world.nodes().forEach(node -> crash(node, 40)));
    }
    if (settings.has(Fault.PAUSES)) {
      repeat(20, 200, this::pauseOne);
    }
    if (settings.has(Fault.SLOW_DISK) || settings.has(Fault.FAILED_SYNC)) {
      repeat(20, 200, this::changeDisks);
    }
    if (settings.has(Fault.FAILED_SYNC)) {
      repeat(10, 40, this::restartFailed);
    }
  }

  /** Ends all faults: every machine runs, and every link works. */
  void stop() {
    isStopped = true;
    world.network().links().healAll();
    world.network().setFaults(NetworkFaults.NONE.withDelay(settings.network().delay()));
    for (ClusterNode node : world.nodes()) {
      node.disk().setFaults(TICK / 20, 0);
      if (node.hasFailed()) {
        node.crash();
      }
      if (node.isUp()) {
        node.resume();
      } else if (!node.isRetired()) {
        node.start();
      }
    }
  }

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

  private ClusterNode anyNode() {
    return world.nodes().get(random.nextInt(world.nodes().size()));
  }

  /** Lets a machine crash, and start again after a while. */
  void crash(ClusterNode node, int maxTicksDown) {
    if (!node.isUp() || isStopped) {
      return;
    }
    injected++;
    node.crash();
    after(
        random.nextInt(1, maxTicksDown + 1),
        () -> {
          if (!node.isUp() && !node.isRetired()) {
            node.start();
          }
        });
  }

  private void pauseOne() {
    ClusterNode node = anyNode();
    if (node.responsive() == null) {
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

  private void cutLinks() {
    injected++;
    Links links = world.network().links();
    links.healAll();
    List<Integer> ids = shuffledIds();
    if (settings.has(Fault.ONE_WAY_CUTS) && random.nextBoolean()) {
      switch (random.nextInt(3)) {
        case 0 -> links.deafen(ids, ids.getFirst());
        case 1 -> links.silence(ids, ids.getFirst());
        default -> links.randomOneWayGraph(ids, 0.7, random);
      }
    } else {
      switch (random.nextInt(5)) {
        case 0 -> links.isolate(ids, ids.getFirst());
        case 1 -> links.split(ids, ids.subList(0, ids.size() / 2));
        case 2 -> links.star(ids, ids.getFirst());
        case 3 -> links.chain(ids);
        default -> links.randomGraph(ids, 0.6, random);
      }
    }
    after(random.nextInt(5, 250), links::healAll);
  }

  private List<Integer> shuffledIds() {
    List<Integer> ids = new ArrayList<>();
    for (ClusterNode node : world.nodes()) {
      ids.add(random.nextInt(ids.size() + 1), node.id());
    }
    return ids;
  }

  private void changeDisks() {
    injected++;
    long[] delays = {0, TICK / 5, 2 * TICK, 20 * TICK};
    for (ClusterNode node : world.nodes()) {
      long delay = settings.has(Fault.SLOW_DISK) ? delays[random.nextInt(delays.length)] : TICK / 5;
      double failures = settings.has(Fault.FAILED_SYNC) && random.nextBoolean() ? 0.003 : 0;
      node.disk().setFaults(delay, failures);
    }
  }

  private void restartFailed() {
    world.nodes().stream().filter(ClusterNode::hasFailed).forEach(node -> crash(node, 60));
  }
}
