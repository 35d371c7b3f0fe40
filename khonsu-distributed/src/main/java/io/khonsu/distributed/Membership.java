package io.khonsu.distributed;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import io.khonsu.consensus.Bytes;
import io.khonsu.consensus.Configuration;
import io.khonsu.consensus.Input;
import io.khonsu.consensus.Member;
import io.khonsu.consensus.Quorums;
import io.khonsu.consensus.Replica;
import io.khonsu.consensus.ReplicaView;
import io.khonsu.consensus.Role;
import io.khonsu.distributed.ChangeResult.Reason;
import io.khonsu.distributed.ChangeResult.Refused;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whom a node takes part with: changes that, and lets the transport know. Event loop only.
 *
 * <p>A change is made by the member that is asked for it. It first calls who is to join, to learn
 * which disk that has, and that it is there at all; then it proposes the configuration, with
 * everybody's address, again and again until one has begun; then it waits for a leader of that.
 */
final class Membership {
  private static final Logger LOG = LoggerFactory.getLogger(Membership.class);

  private final ClusterConfig config;
  private final Replica replica;
  private final GroupState state;
  private final Transport transport;
  private final Consumer<Input> replicaSteps;
  private final BiConsumer<Long, PeerMessage> sender;

  /** Whether what this node has is needed by nobody any more. */
  private boolean isRetired;

  /** Whether it has followed a leader since it was started. */
  private boolean wasLed;

  /** Whom the transport was told of. */
  private Set<Long> peers;

  private @Nullable Change change;
  private final List<Takeover> takeovers = new ArrayList<>();

  /** A change that is under way here. */
  private static final class Change {
    private final MemberChange wanted;
    private final Consumer<ChangeResult> owner;

    /** Who is to join, as far as they have answered. */
    private final Map<Long, Member> introduced = new TreeMap<>();

    private @Nullable ClusterMembers proposed;
    private boolean hasBegun;
    private long deadlineNanos;
    private long sentNanos;

    private Change(MemberChange wanted, Consumer<ChangeResult> owner) {
      this.wanted = wanted;
      this.owner = owner;
    }
  }

  /** Somebody wants this node to lead. */
  private record Takeover(long deadlineNanos, Consumer<Boolean> owner) {}

  Membership(
      ClusterConfig config,
      Replica replica,
      GroupState state,
      Transport transport,
      Consumer<Input> replicaSteps,
      BiConsumer<Long, PeerMessage> sender) {
    this.config = config;
    this.replica = replica;
    this.state = state;
    this.transport = transport;
    this.replicaSteps = replicaSteps;
    this.sender = sender;
    this.peers = new TreeSet<>(config.addresses().keySet());
    peers.remove(config.member().node());
  }

  /** {@return who is in the cluster, as far as it is known here} */
  ClusterMembers members() {
    ClusterMembers known = state.members();
    if (known != null) {
      return known;
    }
    // The file may have changed since the cluster began; who is in it has not.
    Configuration inForce = replica.configuration();
    return ClusterMembers.of(inForce == null ? config.members() : inForce, config.addresses());
  }

  /** {@return what this node is in it} */
  NodeStatus.Membership.Standing standing() {
    if (replica.role() != Role.PASSIVE) {
      return NodeStatus.Membership.Standing.MEMBER;
    }
    if (members().hasLeft(config.member())) {
      return isRetired
          ? NodeStatus.Membership.Standing.REMOVED
          : NodeStatus.Membership.Standing.LEAVING;
    }
    return NodeStatus.Membership.Standing.JOINING;
  }

  NodeStatus.Membership status() {
    return new NodeStatus.Membership(standing(), config.member(), members(), change != null);
  }

  /**
   * Lets the transport know whom to reach: what the log says, or before it says anything, the file.
   *
   * @return who cannot be called from here, and why: that a member was asked to add it says nothing
   *     about this node's settings
   */
  @CanIgnoreReturnValue
  Map<Long, String> updatePeers() {
    ClusterMembers known = members();
    Configuration inForce = replica.configuration();
    boolean isInForce = inForce != null && inForce.id() == known.configuration();
    Map<Long, String> wanted = new TreeMap<>(known.reachable());
    if (!isInForce) {
      wanted.putAll(config.addresses());
    } else if (!wasLed) { // all whom it knows may have been replaced: then the file can be mended
      config.addresses().forEach(wanted::putIfAbsent);
    }
    Change current = change;
    if (current != null) {
      wanted.putAll(current.wanted.added());
    }
    wanted.remove(config.member().node());
    // A node that is far behind reads of members of long ago, and must not lose those it asks.
    Set<Long> kept = new TreeSet<>(wanted.keySet());
    for (long node : peers) {
      if (isInForce && !wanted.containsKey(node)) {
        transport.removePeer(node);
      } else {
        kept.add(node);
      }
    }
    peers = kept;
    Map<Long, String> refused = new TreeMap<>();
    wanted.forEach((node, address) -> {
      try {
        transport.setPeer(node, address);
      } catch (IllegalArgumentException e) {
        LOG.atError().addKeyValue("peer", node).setCause(e).log("a node cannot be called");
        refused.put(node, String.valueOf(e.getMessage()));
      }
    });
    return refused;
  }

  /** {@return the member that a node is, or null if it is none of those that decide} */
  @Nullable Member member(long node) {
    Configuration inForce = replica.configuration();
    if (inForce != null) {
      for (Member member : inForce.members()) {
        if (member.node() == node) {
          return member;
        }
      }
    }
    return null;
  }

  // Changing.

  /**
   * Begins a change; the owner is told once.
   *
   * @param isCurrent whether the members are known here as they were when that was asked for
   */
  void begin(MemberChange wanted, boolean isCurrent, long nowNanos, Consumer<ChangeResult> owner) {
    Refused refused = refusal(wanted, isCurrent);
    if (refused != null) {
      owner.accept(refused);
      return;
    }
    Change current = new Change(wanted, owner);
    current.deadlineNanos = nowNanos + config.times().commitTimeout().toNanos();
    change = current;
    Map<Long, String> bad = updatePeers();
    bad.keySet().retainAll(wanted.added().keySet());
    if (bad.isEmpty()) {
      proceed(current, nowNanos);
    } else {
      end(new Refused(Reason.BAD_ADDRESS, String.join("; ", bad.values())));
    }
  }

  private @Nullable Refused refusal(MemberChange wanted, boolean isCurrent) {
    if (change != null) {
      return new Refused(
          Reason.OTHER_CHANGE, "this node is making another change: wait for its end");
    }
    if (replica.role() == Role.PASSIVE) {
      return new Refused(
          Reason.NOT_HERE,
          "node %d is not a member: ask one that is".formatted(config.member().node()));
    }
    if (!isCurrent) {
      return new Refused(
          Reason.NO_MAJORITY,
          "node %d reaches no leader with a majority: start the others, or ask another node"
              .formatted(config.member().node()));
    }
    ClusterMembers now = members();
    for (long node : wanted.removed()) {
      if (!now.hasNode(node)) {
        return new Refused(
            Reason.UNKNOWN_NODE,
            "node %d is not a member; these are %s".formatted(node, names(now)));
      }
    }
    for (long node : wanted.added().keySet()) {
      if (now.hasNode(node) && !wanted.removed().contains(node)) {
        return new Refused(
            Reason.ALREADY_A_MEMBER,
            "node %d is a member; if it has lost its disk, replace it by itself".formatted(node));
      }
    }
    if (wanted.added().containsKey(config.member().node())) {
      return new Refused(Reason.NOT_HERE, "a node cannot bring in itself: ask another member");
    }
    return refusal(wanted, now);
  }

  private static @Nullable Refused refusal(MemberChange wanted, ClusterMembers now) {
    int size = now.current().size() - wanted.removed().size() + wanted.added().size();
    if (size < 1 || size > ClusterMembers.MEMBERS_MAX) {
      return new Refused(
          Reason.BAD_SIZE,
          "a cluster has 1 to %d members, not %d".formatted(ClusterMembers.MEMBERS_MAX, size));
    }
    Set<String> taken = new HashSet<>();
    for (ClusterMembers.Entry entry : now.current()) {
      if (!wanted.removed().contains(entry.member().node())) {
        taken.add(entry.address());
      }
    }
    for (String address : wanted.added().values()) {
      if (!taken.add(address)) {
        return new Refused(Reason.BAD_ADDRESS, "another member is at " + address);
      }
    }
    return null;
  }

  private static List<Member> names(ClusterMembers members) {
    return members.current().stream().map(ClusterMembers.Entry::member).toList();
  }

  /** Does, or does again, what the change needs next. */
  private void proceed(Change current, long nowNanos) {
    current.sentNanos = nowNanos;
    ClusterMembers proposed = current.proposed;
    if (proposed != null) {
      replicaSteps.accept(
          new Input.Reconfigure(proposed.toConfiguration(), Bytes.copyOf(proposed.encode())));
      return;
    }
    boolean all = true;
    for (long node : current.wanted.added().keySet()) {
      if (!current.introduced.containsKey(node)) {
        sender.accept(node, new PeerMessage.WhoIsThere(config.group()));
        all = false;
      }
    }
    if (all) {
      propose(current, nowNanos);
    }
  }

  private void propose(Change current, long nowNanos) {
    Map<Member, String> added = new TreeMap<>();
    current.introduced.forEach(
        (node, member) -> added.put(member, current.wanted.added().getOrDefault(node, "")));
    ClusterMembers next = members().changed(current.wanted.removed(), added);
    int majority = Quorums.majority(next.current().size()).accept();
    if (reachable(next, added.keySet()) < majority) {
      return; // heartbeats may tell of more, if there is time
    }
    current.proposed = next;
    current.deadlineNanos = nowNanos + config.times().commitTimeout().toNanos();
    proceed(current, nowNanos);
  }

  private int reachable(ClusterMembers next, Set<Member> introduced) {
    Set<Member> reachable = new HashSet<>(introduced);
    reachable.add(config.member());
    for (ReplicaView.Peer peer : replica.view().peers()) {
      if (peer.connected()) {
        reachable.add(peer.member());
      }
    }
    reachable.retainAll(names(next));
    return reachable.size();
  }

  /** Says who is here. */
  void asked(long node) {
    sender.accept(
        node,
        new PeerMessage.Introduction(
            config.group(), config.clusterId(), config.member(), standing()));
  }

  /** Takes the answer to {@link PeerMessage.WhoIsThere}. */
  void introduced(long node, PeerMessage.Introduction answer, long nowNanos) {
    Change current = change;
    if (current == null
        || current.proposed != null
        || !current.wanted.added().containsKey(node)
        || answer.member().node() != node) {
      return;
    }
    if (answer.clusterId() != config.clusterId()) {
      end(
          new Refused(
              Reason.OTHER_CLUSTER,
              "node %d is of cluster %d, not of %d: correct its configuration"
                  .formatted(node, answer.clusterId(), config.clusterId())));
    } else if (answer.standing() == NodeStatus.Membership.Standing.MEMBER) {
      end(
          new Refused(
              Reason.NOT_JOINING,
              "node %d does not wait to join, but was started as a member: give it an empty directory"
                      .formatted(node)
                  + " and start it as one that joins"));
    } else {
      current.introduced.put(node, answer.member());
      proceed(current, nowNanos);
    }
  }

  /** A configuration is in force. */
  void begun(Configuration configuration, long nowNanos) {
    isRetired = false;
    Change current = change;
    if (current == null) {
      updatePeers();
      return;
    }
    ClusterMembers proposed = current.proposed;
    boolean isMine =
        proposed != null
            && configuration.equals(proposed.toConfiguration())
            && proposed.equals(state.members());
    if (isMine) {
      current.hasBegun = true;
      current.deadlineNanos = nowNanos + config.times().commitTimeout().toNanos();
      updatePeers();
    } else if (current.hasBegun) { // so it was made, and a later one too
      end(new ChangeResult.Changed(members()));
    } else if (proposed != null && configuration.id() > proposed.configuration()) {
      end(new ChangeResult.Unknown("others have changed the members since: look at them"));
    } else {
      end(
          new Refused(
              Reason.OTHER_CHANGE, "another change came first: look at the members and try again"));
    }
  }

  /** Nobody needs what this node has, which was removed. */
  void retired() {
    isRetired = true;
    settled();
  }

  /** A majority of the configuration in force follows a leader, or has all that was decided. */
  void settled() {
    Change current = change;
    if (current != null && current.hasBegun) {
      end(new ChangeResult.Changed(members()));
    }
  }

  private void end(ChangeResult result) {
    Change ended = change;
    change = null;
    updatePeers();
    if (ended != null) {
      ended.owner.accept(result);
    }
  }

  // Leading.

  /** Makes this node lead; the owner is told once whether it does. */
  void lead(long leader, long nowNanos, Consumer<Boolean> owner) {
    if (replica.role() == Role.PASSIVE) {
      owner.accept(false);
    } else if (leader == config.member().node()) {
      owner.accept(true);
    } else {
      takeovers.add(new Takeover(nowNanos + config.times().commitTimeout().toNanos(), owner));
      replicaSteps.accept(new Input.Campaign());
    }
  }

  /** A node leads. */
  void leads(long node) {
    if (!wasLed) {
      wasLed = true;
      updatePeers();
    }
    settled();
    if (node == config.member().node()) {
      answerTakeovers(true);
    }
  }

  private void answerTakeovers(boolean leads) {
    List<Takeover> ended = List.copyOf(takeovers);
    takeovers.clear();
    ended.forEach(takeover -> takeover.owner.accept(leads));
  }

  // Time.

  /** Does again what may be lost, and gives up what has taken too long. */
  void tick(long nowNanos) {
    for (Iterator<Takeover> all = takeovers.iterator(); all.hasNext(); ) {
      Takeover takeover = all.next();
      if (nowNanos - takeover.deadlineNanos >= 0) {
        all.remove();
        takeover.owner.accept(false);
      }
    }
    Change current = change;
    if (current == null) {
      return;
    }
    if (nowNanos - current.deadlineNanos >= 0) {
      end(late(current));
    } else if (!current.hasBegun
        && nowNanos - current.sentNanos >= config.times().resend().toNanos()) {
      proceed(current, nowNanos);
    }
  }

  private static ChangeResult late(Change current) {
    if (current.hasBegun) {
      return new ChangeResult.Unknown(
          "the change was made, but the new members have no leader yet");
    }
    if (current.proposed != null) {
      return new ChangeResult.Unknown(
          "the cluster did not agree in time; the change may still be made");
    }
    Set<Long> silent = new TreeSet<>(current.wanted.added().keySet());
    silent.removeAll(current.introduced.keySet());
    if (silent.isEmpty()) {
      return new Refused(
          Reason.NO_MAJORITY,
          "no majority of those who would be members can be reached: start the others first");
    }
    return new Refused(
        Reason.NOT_REACHABLE,
        "nodes %s do not answer: start them as ones that join, and look at what they log"
            .formatted(silent));
  }

  /** Gives up everything: the node ends. */
  void close() {
    answerTakeovers(false);
    Change ended = change;
    change = null;
    if (ended != null) {
      ended.owner.accept(
          ended.proposed == null
              ? new Refused(Reason.NOT_HERE, "the node has stopped")
              : new ChangeResult.Unknown("the node has stopped; the change may still be made"));
    }
  }
}
