package io.khonsu.simulation;

import io.khonsu.consensus.Bytes;
import io.khonsu.consensus.Configuration;
import io.khonsu.consensus.Event;
import io.khonsu.consensus.Input;
import io.khonsu.consensus.Member;
import io.khonsu.consensus.Quorums;
import io.khonsu.consensus.StopSign;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/** Compacts logs, changes configurations and makes replicas take over, as the settings say. */
final class Operator implements World.Listener {
  private static final int MEMBERS_MAX = 7;
  private static final int NODES_MAX = 40;

  private final World world;
  private final Settings settings;
  private final SplittableRandom random;
  private @Nullable Configuration wanted;
  private boolean isStopped;
  private long reconfigurations;
  private long compactions;

  Operator(World world) {
    this.world = world;
    this.settings = world.settings();
    this.random = world.random().split();
    world.listen(this);
  }

  void start() {
    if (settings.has(Activity.TRIM)) {
      repeat(20, 150, this::trim);
    }
    if (settings.has(Activity.SNAPSHOTS)) {
      repeat(10, 100, () -> snapshot(any()));
    }
    if (settings.has(Activity.STOP_SIGN)) {
      int middle = (settings.ticks() - settings.quietTicks()) / 2;
      after(random.nextInt(100, 2 * middle - 100), this::endConfiguration);
    }
    if (settings.has(Activity.RECONFIGURATION)) {
      repeat(1, 500, this::changeMembers);
    }
    if (settings.has(Activity.TAKEOVERS)) {
      repeat(20, 300, this::takeOver);
    }
    repeatAlways(30, this::pursue);
  }

  /** Begins nothing new. What was begun is brought to its end, and lost members are replaced. */
  void stop() {
    isStopped = true;
  }

  /** {@return whether no configuration is under way} */
  boolean isIdle() {
    return wanted == null;
  }

  /** {@return how many configurations were proposed} */
  long reconfigurations() {
    return reconfigurations;
  }

  /** {@return how often a log was to be compacted} */
  long compactions() {
    return compactions;
  }

  @Override
  public void happened(SimulatedNode node, Event event) {
    switch (event) {
      case Event.SnapshotWanted _ ->
          world.scheduler().after(random.nextLong(10 * Scheduler.TICK), () -> snapshot(node));
      case Event.ConfigurationStarted(Configuration _, long _, boolean member) ->
          node.setRemoved(!member);
      case Event.Retired _ -> {
        if (random.nextBoolean()) {
          world.scheduler().after(1, () -> retire(node, node.life()));
        }
      }
      default -> {}
    }
  }

  private void retire(SimulatedNode node, int life) {
    Configuration next = wanted;
    boolean isNeeded =
        newest().members().contains(node.member())
            || (next != null && next.members().contains(node.member()));
    if (node.life() == life && node.isRemoved() && !isNeeded) {
      node.retire();
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
            ticks * Scheduler.TICK,
            () -> {
              if (!isStopped) {
                action.run();
              }
            });
  }

  private void repeatAlways(int ticks, Runnable action) {
    world
        .scheduler()
        .after(
            ticks * Scheduler.TICK,
            () -> {
              action.run();
              repeatAlways(ticks, action);
            });
  }

  private void trim() {
    compactions++;
    for (SimulatedNode node : world.nodes()) {
      if (node.isResponsive()) {
        node.input(new Input.Trim(Math.max(0, node.applied().length() + random.nextInt(-20, 10))));
      }
    }
  }

  private void snapshot(@Nullable SimulatedNode node) {
    if (node != null && node.isResponsive()) {
      compactions++;
      node.takeSnapshot(random.nextInt(30));
    }
  }

  private void takeOver() {
    SimulatedNode node = any();
    if (node != null) {
      node.input(
          random.nextBoolean() ? new Input.Campaign() : new Input.SetPriority(random.nextInt(4)));
    }
  }

  private void endConfiguration() {
    Configuration now = newest();
    wanted = new Configuration(now.id() + 1, now.members(), now.quorums());
    reconfigurations++;
    pursue();
  }

  private void changeMembers() {
    if (wanted == null) {
      propose(changed(newest()));
    }
  }

  private void propose(List<Member> members) {
    Quorums quorums = Quorums.majority(members.size());
    if (members.size() > 3 && random.nextInt(3) == 0) {
      quorums = new Quorums(members.size() - 1, 2);
    }
    Configuration next = new Configuration(newest().id() + random.nextInt(1, 3), members, quorums);
    for (Member member : next.members()) {
      if (!world.hasNode((int) member.node())) {
        world.addNode((int) member.node()).join(world.seeds((int) member.node()));
      }
    }
    wanted = next;
    reconfigurations++;
    pursue();
  }

  /** {@return the members of a configuration after some were lost, added, removed or replaced} */
  private List<Member> changed(Configuration now) {
    List<Member> members = new ArrayList<>(now.members());
    members.replaceAll(member -> world.node((int) member.node()).member());
    if (!members.equals(now.members())) {
      return members;
    }
    switch (random.nextInt(5)) {
      case 0 -> grow(members);
      case 1 -> shrink(members);
      case 2 -> {
        shrink(members);
        grow(members);
      }
      case 3 -> {
        for (int i = now.members().size() / 2; i >= 0; i--) {
          shrink(members);
          grow(members);
        }
      }
      default -> comeBack(members);
    }
    return members;
  }

  private void grow(List<Member> members) {
    if (members.size() < MEMBERS_MAX && world.ids().getLast() < NODES_MAX) {
      int id = world.ids().getLast() + 1;
      while (members.contains(new Member(id, 0))) {
        id++;
      }
      members.add(new Member(id, 0));
    }
  }

  private void shrink(List<Member> members) {
    if (members.size() > 1) {
      members.remove(random.nextInt(members.size()));
    }
  }

  /** Takes in again a replica that was removed and still runs. */
  private void comeBack(List<Member> members) {
    for (SimulatedNode node : world.nodes()) {
      boolean isListed = members.stream().anyMatch(member -> member.node() == node.id());
      if (node.isResponsive() && node.isRemoved() && !isListed && members.size() < MEMBERS_MAX) {
        members.add(node.member());
        return;
      }
    }
  }

  /** Asks again for the wanted configuration until it or another is decided. */
  private void pursue() {
    Configuration next = wanted;
    if (next == null) {
      replaceLost();
      return;
    }
    if (newest().id() >= next.id()) {
      wanted = null;
      return;
    }
    SimulatedNode node = any();
    if (node != null) {
      var reconfigure = new Input.Reconfigure(next, Bytes.EMPTY);
      world.payload().idOf(new StopSign(next, Bytes.EMPTY));
      node.input(reconfigure);
    }
  }

  private void replaceLost() {
    if (settings.has(Fault.DISK_LOSS)
        && !newest().members().stream()
            .allMatch(member -> world.node((int) member.node()).member().equals(member))) {
      propose(changed(newest()));
    }
  }

  private Configuration newest() {
    return world.invariants().chosen().newest().configuration;
  }

  /** {@return a replica that answers, usually of the newest configuration} */
  private @Nullable SimulatedNode any() {
    boolean all = random.nextInt(8) == 0;
    List<SimulatedNode> candidates =
        world.nodes().stream()
            .filter(SimulatedNode::isResponsive)
            .filter(node -> all || newest().members().contains(node.member()))
            .toList();
    return candidates.isEmpty() ? null : candidates.get(random.nextInt(candidates.size()));
  }
}
