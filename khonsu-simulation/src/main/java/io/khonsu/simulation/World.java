package io.khonsu.simulation;

import io.khonsu.consensus.Configuration;
import io.khonsu.consensus.Envelope;
import io.khonsu.consensus.Event;
import io.khonsu.consensus.Identity;
import io.khonsu.consensus.Input;
import io.khonsu.consensus.Member;
import io.khonsu.consensus.Message;
import io.khonsu.consensus.Output;
import io.khonsu.consensus.Quorums;
import io.khonsu.consensus.ReplicaOptions;
import io.khonsu.consensus.deviation.Deviation;
import io.khonsu.consensus.wire.WireFormat;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.SortedMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Everything of one run: time, network, machines, and what watches them. */
final class World {
  /** Who wants to know what happens. */
  interface Listener {
    /** A replica said something to its driver. */
    default void happened(SimulatedNode node, Event event) {}

    /** A replica's application has more entries, from {@code before} on. */
    default void applied(SimulatedNode node, int before) {}
  }

  /** The id of every cluster that is simulated. */
  private static final long CLUSTER = 7;

  private static final int CARRIED_AS_BYTES = 64;

  private final Settings settings;
  private final Breakage breakage;
  private final SplittableRandom random;
  private final int tellTicks;
  private final Scheduler scheduler = new Scheduler();
  private final TraceHash trace = new TraceHash();
  private final Payload payload = new Payload();
  private final SortedMap<Integer, SimulatedNode> nodes = new TreeMap<>();
  private final List<Listener> listeners = new ArrayList<>();
  private final Configuration first;
  private final Invariants invariants;
  private final Network<Envelope> network;
  private final WireFormat format;
  private Consumer<String> narrator = _ -> {};
  private boolean isNarrated;
  private long steps;
  private long carried;
  private long diskFaults;
  private long maxDiskDelay;
  private double syncFailures;

  World(Settings settings, Breakage breakage, long seed) {
    this.settings = settings;
    this.breakage = breakage;
    this.random = new SplittableRandom(TraceHash.mix(seed));
    this.tellTicks = (int) Long.remainderUnsigned(seed, 3);
    this.first = firstConfiguration(settings.shape());
    this.invariants = new Invariants(payload, first);
    this.format = new WireFormat(options(1));
    this.network = new Network<>(scheduler, random.split(), settings.network(), this::receive);
    this.maxDiskDelay = Scheduler.TICK / 5;
    for (Member member : first.members()) {
      addNode((int) member.node());
    }
  }

  private static Configuration firstConfiguration(Shape shape) {
    List<Member> members = new ArrayList<>();
    for (int id = 1; id <= shape.replicas(); id++) {
      members.add(new Member(id, 0));
    }
    return new Configuration(1, members, new Quorums(shape.prepareQuorum(), shape.acceptQuorum()));
  }

  /** Starts all members of the first configuration. */
  void bootstrap() {
    nodes.values().forEach(SimulatedNode::bootstrap);
  }

  /** {@return a new machine, which is not started yet} */
  SimulatedNode addNode(int id) {
    long period = Scheduler.TICK;
    if (settings.has(Fault.DRIFT)) {
      period += random.nextLong(-Scheduler.TICK / 5, Scheduler.TICK / 5 + 1);
    }
    SimulatedDisk disk = new SimulatedDisk(payload, random.split(), breakage.sabotage());
    SimulatedNode node = new SimulatedNode(this, id, disk, period);
    nodes.put(id, node);
    return node;
  }

  /** Lets everything that happens be told, line by line. */
  void narrate(Consumer<String> listener) {
    narrator = listener;
    isNarrated = true;
  }

  /** Tells what happens at a node, if somebody listens. */
  void tell(SimulatedNode node, String what, @Nullable Object details) {
    if (isNarrated) {
      String tick = String.format(Locale.ROOT, "%8.2f", scheduler.now() / (double) Scheduler.TICK);
      narrator.accept(
          tick + "  " + node.member() + "  " + what + (details == null ? "" : " " + details));
    }
  }

  private void tell(SimulatedNode node, Input input) {
    switch (input) {
      case Input.Tick _ -> {}
      case Input.Persisted _ -> {}
      case Input.Receive(Envelope envelope) -> {
        if (!(envelope.message() instanceof Message.HeartbeatRequest)
            && !(envelope.message() instanceof Message.HeartbeatReply)) {
          tell(node, "hears from " + envelope.from() + ":", envelope.message());
        }
      }
      default -> tell(node, "is given", input);
    }
  }

  void listen(Listener listener) {
    listeners.add(listener);
  }

  /** Runs until {@code time}. */
  void runUntil(long time) {
    while (scheduler.runNext(time)) {
      // Everything happens in the events.
    }
  }

  Settings settings() {
    return settings;
  }

  Scheduler scheduler() {
    return scheduler;
  }

  SplittableRandom random() {
    return random;
  }

  Payload payload() {
    return payload;
  }

  Invariants invariants() {
    return invariants;
  }

  Network<Envelope> network() {
    return network;
  }

  TraceHash trace() {
    return trace;
  }

  Collection<SimulatedNode> nodes() {
    return nodes.values();
  }

  List<Integer> ids() {
    return List.copyOf(nodes.keySet());
  }

  SimulatedNode node(int id) {
    SimulatedNode node = nodes.get(id);
    if (node == null) {
      throw new IllegalArgumentException("no node " + id + " among " + nodes.keySet());
    }
    return node;
  }

  boolean hasNode(int id) {
    return nodes.containsKey(id);
  }

  /** {@return how many inputs the replicas were given} */
  long steps() {
    return steps;
  }

  Configuration firstConfiguration() {
    return first;
  }

  boolean isFounder(Member member) {
    return first.contains(member);
  }

  /** {@return the members of the newest configuration, for a replica that knows nobody} */
  List<Member> seeds(int exceptId) {
    return invariants.chosen().newest().configuration.members().stream()
        .filter(member -> member.node() != exceptId)
        .toList();
  }

  Identity identity(Member member) {
    return new Identity(CLUSTER, member);
  }

  ReplicaOptions options(int id) {
    Shape shape = settings.shape();
    Limits limits = settings.limits();
    return ReplicaOptions.defaults()
        .withTicks(shape.electionTicks(), shape.resendTicks(), shape.flushTicks())
        .withTellTicks(tellTicks)
        .withBatchEntries(shape.batch())
        .withPriority(settings.has(Activity.TAKEOVERS) ? id % 3 : 0)
        .withLimits(limits.messageBytesMax(), limits.windowBytesMax(), limits.pendingBytesMax())
        .withLogBytesMax(limits.logBytesMax());
  }

  Breakage breakage() {
    return breakage;
  }

  Set<Deviation> deviations() {
    return breakage.deviations();
  }

  boolean has(Sabotage sabotage) {
    return breakage.sabotage().contains(sabotage);
  }

  /** Lets writes take up to so long, and their syncs fail with some probability. */
  void setDisk(long maxDelay, double failures) {
    maxDiskDelay = maxDelay;
    syncFailures = failures;
  }

  long diskLatency() {
    return maxDiskDelay == 0 ? 0 : random.nextLong(maxDiskDelay + 1);
  }

  /** {@return whether the sync that ends now fails; then the node's storage has failed} */
  boolean syncFails(SimulatedNode node) {
    if (syncFailures == 0 || random.nextDouble() >= syncFailures) {
      return false;
    }
    diskFaults++;
    node.failStorage();
    return true;
  }

  /** {@return how many syncs failed, and how many writes crashes have undone} */
  long diskFaults() {
    return diskFaults + nodes.values().stream().mapToLong(node -> node.disk().tornWrites()).sum();
  }

  void send(SimulatedNode from, Envelope envelope) {
    int to = (int) envelope.to().node();
    long lives = hasNode(to) ? lives(from.life(), node(to).life()) : 0;
    network.send(from.id(), to, envelope, lives);
  }

  private void receive(int from, int to, Envelope envelope, long lives) {
    if (!hasNode(to)) {
      return;
    }
    boolean sameLives = lives == lives(node(from).life(), node(to).life());
    if (sameLives || network.faults().pastCrash() == NetworkFaults.PastCrash.DELIVERED) {
      node(to).input(new Input.Receive(carried(envelope)));
    }
  }

  /** {@return the message as it arrives; some, to save time, really travel as bytes} */
  private Envelope carried(Envelope envelope) {
    carried++;
    if (carried % CARRIED_AS_BYTES != 0) {
      return envelope;
    }
    return format.readEnvelope(ByteBuffer.wrap(format.write(envelope)));
  }

  private static long lives(int sender, int receiver) {
    return (long) sender << 32 | receiver;
  }

  void stepped(SimulatedNode node, Input input) {
    steps++;
    if (isNarrated) {
      tell(node, input);
    }
    trace.add(scheduler.now() * 64 + node.id());
    trace.add(
        input instanceof Input.Receive(Envelope envelope)
            ? envelope.message().hashCode()
            : input.getClass().getSimpleName().length());
  }

  void traced(SimulatedNode node, Output output) {
    trace.add(output.sendNow().size() * 1_000L + output.sendAfterPersist().size());
    trace.add(output.persist() == null ? 0 : output.persist().number());
    trace.add(node.disk().issued().log().digest(node.disk().issued().log().length()));
  }

  void happened(SimulatedNode node, Event event) {
    tell(node, "says", event);
    trace.add(event.getClass().getSimpleName().length());
    if (event instanceof Event.BecameLeader leader) {
      invariants.leader(node, leader);
    }
    listeners.forEach(listener -> listener.happened(node, event));
  }

  void applied(SimulatedNode node, int before) {
    invariants.decided(node.member(), node.applied(), before);
    listeners.forEach(listener -> listener.applied(node, before));
  }
}
