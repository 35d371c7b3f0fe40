package io.khonsu.simulation;

import io.khonsu.distributed.ChangeResult;
import io.khonsu.distributed.ClusterMembers;
import io.khonsu.distributed.DistributedCommitManager;
import io.khonsu.distributed.MemberChange;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Changes the members of a cluster, one after the other, as somebody at a terminal would: asks a
 * member, looks what came of it, asks again, perhaps another one. Nodes crash while it does.
 */
final class ClusterOperator {
  private static final long TICK = Scheduler.TICK;
  private static final int MEMBERS_MAX = 5;
  private static final int NODES_MAX = 24;

  /** From so many members on, the others are enough when one loses its disk. */
  private static final int SPARE_MEMBERS = 3;

  /** A change that others do not depend on is given up after so many tries. */
  private static final int TRIES_MAX = 12;

  private static final int WRITES_BEFORE_CRASH = 25;

  private final ClusterWorld world;
  private final ClusterNemesis nemesis;
  private final SplittableRandom random;
  private @Nullable MemberChange wanted;
  private int tries;
  private boolean isWaiting;
  private boolean isStopped;
  private long changes;

  ClusterOperator(ClusterWorld world, ClusterNemesis nemesis) {
    this.world = world;
    this.nemesis = nemesis;
    this.random = world.random().split();
  }

  void start() {
    world.scheduler().after(random.nextLong(20, 60) * TICK, this::turn);
  }

  /** Begins nothing new. What was begun is brought to its end. */
  void stop() {
    isStopped = true;
  }

  /** {@return whether nothing is under way} */
  boolean isIdle() {
    return wanted == null;
  }

  /** {@return how many changes were made} */
  long changes() {
    return changes;
  }

  private void turn() {
    world.scheduler().after(random.nextLong(5, 40) * TICK, this::turn);
    if (isWaiting) {
      return;
    }
    MemberChange change = wanted;
    if (change != null) {
      ask(change);
    } else if (!isStopped && random.nextInt(3) == 0) {
      begin();
    }
  }

  private void begin() {
    ClusterMembers now = world.members();
    if (now == null) {
      return;
    }
    List<Long> members = now.current().stream().map(entry -> entry.member().node()).toList();
    long any = members.get(random.nextInt(members.size()));
    switch (random.nextInt(6)) {
      case 0, 1 -> grow(members);
      case 2 -> {
        if (members.size() > 1) {
          wanted = MemberChange.remove(any);
        }
      }
      case 3 -> replace(any);
      case 4 -> replaceByItself(members, any);
      default -> takeOver();
    }
    tries = 0;
  }

  private void grow(List<Long> members) {
    if (members.size() >= MEMBERS_MAX) {
      return;
    }
    for (ClusterNode node : world.nodes()) { // one that has left may come back, with its disk
      if (!members.contains((long) node.id()) && !node.isRetired() && random.nextBoolean()) {
        wanted = MemberChange.add(node.id(), node.address());
        return;
      }
    }
    ClusterNode added = newNode();
    if (added != null) {
      wanted = MemberChange.add(added.id(), added.address());
    }
  }

  private void replace(long old) {
    ClusterNode added = newNode();
    if (added != null) {
      wanted = MemberChange.replace(old, added.id(), added.address());
    }
  }

  /** A node loses its disk, and gets an empty one. */
  private void replaceByItself(List<Long> members, long node) {
    if (members.size() >= SPARE_MEMBERS) {
      ClusterNode lost = world.node(node);
      world.loseDisk(lost);
      lost.start();
      wanted = MemberChange.replace(node, node, lost.address());
    }
  }

  private @Nullable ClusterNode newNode() {
    if (world.nodes().size() >= NODES_MAX) {
      return null;
    }
    ClusterNode added = world.addNode();
    added.start();
    return added;
  }

  private void takeOver() {
    ClusterNode node = anyMember();
    DistributedCommitManager manager = node == null ? null : node.responsive();
    if (node != null && manager != null && manager.lead(_ -> {})) {
      node.wake();
    }
  }

  private void ask(MemberChange change) {
    ClusterNode node = anyMember();
    DistributedCommitManager manager = node == null ? null : node.responsive();
    if (node == null || manager == null) {
      return;
    }
    int life = node.life();
    tries++;
    isWaiting = manager.changeMembers(change, result -> answered(node, life, change, result));
    if (isWaiting) {
      node.wake();
      crashSomebody(node, change);
      world.scheduler().after(3_000 * TICK / 10, () -> lostSight(change));
    }
  }

  /** The node that was asked has crashed, or is slow. */
  @SuppressWarnings("ReferenceEquality") // the attempt, not another one at the same change
  private void lostSight(MemberChange change) {
    if (wanted == change) {
      isWaiting = false;
    }
  }

  /** At any write of those that take part. */
  private void crashSomebody(ClusterNode asked, MemberChange change) {
    if (isStopped || random.nextBoolean()) {
      return;
    }
    TreeSet<Long> candidates = new TreeSet<>(change.added().keySet());
    candidates.addAll(change.removed());
    candidates.add((long) asked.id());
    ClusterNode member = anyMember();
    candidates.add(member == null ? asked.id() : (long) member.id());
    List<Long> all = new ArrayList<>(candidates);
    ClusterNode victim = world.node(all.get(random.nextInt(all.size())));
    victim
        .disk()
        .afterWrites(random.nextInt(1, WRITES_BEFORE_CRASH), () -> nemesis.crash(victim, 60));
  }

  @SuppressWarnings("ReferenceEquality") // as above
  private void answered(ClusterNode node, int life, MemberChange change, ChangeResult result) {
    if (wanted != change || node.life() != life) {
      return;
    }
    isWaiting = false;
    world.trace().add(result.toString());
    switch (result) {
      case ChangeResult.Changed _ -> done(change);
      case ChangeResult.Refused(ChangeResult.Reason reason, String _) ->
          refused(node, change, reason);
      case ChangeResult.Unknown _ -> {} // what has become of it, the next answer says
    }
  }

  private void refused(ClusterNode node, MemberChange change, ChangeResult.Reason reason) {
    switch (reason) {
      case UNKNOWN_NODE, ALREADY_A_MEMBER -> done(change); // it was made, as an earlier try
      case NOT_JOINING -> {
        if (change.removed().containsAll(change.added().keySet())) {
          done(change); // a node that was replaced by itself
        }
      }
      case BAD_SIZE -> {
        if (!leavesNobody(node, change)) {
          throw InvariantViolation.violation("answers", change, "is refused:", reason);
        }
        wanted = null; // the members have become fewer since it was chosen
      }
      case BAD_ADDRESS, OTHER_CLUSTER ->
          throw InvariantViolation.violation("answers", change, "is refused:", reason);
      case NOT_REACHABLE -> {
        change.added().keySet().forEach(each -> world.correctFile(world.node(each)));
        giveUpIfLate(change);
      }
      case OTHER_CHANGE, NOT_HERE, NO_MAJORITY -> giveUpIfLate(change);
    }
  }

  /** {@return whether a node that has answered knows of no member that would be left} */
  private static boolean leavesNobody(ClusterNode node, MemberChange change) {
    DistributedCommitManager manager = node.responsive();
    return manager != null
        && change.added().isEmpty()
        && manager.status().membership().members().current().stream()
            .allMatch(entry -> change.removed().contains(entry.member().node()));
  }

  private void giveUpIfLate(MemberChange change) {
    boolean isNeeded = change.removed().equals(change.added().keySet());
    if (!isNeeded && (isStopped || tries > TRIES_MAX)) {
      wanted = null;
    }
  }

  private void done(MemberChange change) {
    changes++;
    wanted = null;
    for (long node : change.removed()) {
      ClusterNode removed = world.node(node);
      if (!change.added().containsKey(node) && random.nextBoolean()) {
        removed.retire();
      }
    }
  }

  /** {@return a node that believes to be a member, if there is one} */
  private @Nullable ClusterNode anyMember() {
    List<ClusterNode> members =
        world.nodes().stream()
            .filter(node -> node.responsive() != null && !node.isOutside())
            .toList();
    return members.isEmpty() ? null : members.get(random.nextInt(members.size()));
  }
}
