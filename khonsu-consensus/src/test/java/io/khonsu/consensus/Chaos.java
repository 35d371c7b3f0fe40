package io.khonsu.consensus;

import io.khonsu.consensus.deviation.Deviation;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * A small cluster under random faults, all from one seed: messages are lost, doubled and overtaken,
 * links cut, nodes crash before or after their writes are durable, logs are compacted, members
 * replaced. Checks that what is decided is one sequence of what was proposed, and that in the end
 * everybody has all of it.
 */
final class Chaos {
  private static final int TICKS = 1500;
  private static final int QUIET_TICKS = 900;

  private final SplittableRandom random;
  private final Set<Deviation> deviations;
  private final ReplicaOptions options;
  private final TreeMap<Member, Node> nodes = new TreeMap<>();
  private final List<Envelope> network = new ArrayList<>();
  private final List<String> chosen = new ArrayList<>();
  private final Set<String> proposed = new TreeSet<>();
  private final TreeMap<Long, Long> readFloors = new TreeMap<>();
  private final Set<String> cuts = new TreeSet<>();
  private final Configuration first;
  private Configuration newest;
  private final Faults faults;
  private long ids;
  private boolean quiet;

  /** How often what goes wrong, in thousandths per message or per node and tick. */
  record Faults(
      int loss, int doubled, int overtaken, int crash, int cut, int compact, int reconfigure) {
    static Faults draw(SplittableRandom random) {
      return new Faults(
          random.nextInt(4) * 20,
          random.nextInt(3) * 20,
          random.nextInt(3) * 50,
          random.nextInt(3) * 2,
          random.nextInt(3) * 5,
          random.nextInt(3) * 8,
          random.nextInt(3));
    }
  }

  Chaos(long seed, Set<Deviation> deviations) {
    this.random = new SplittableRandom(seed);
    this.deviations = deviations;
    this.faults = Faults.draw(random);
    int size = 1 + 2 * random.nextInt(3);
    this.options =
        ReplicaOptions.defaults()
            .withTicks(8, 20, 3)
            .withTellTicks((int) Long.remainderUnsigned(seed, 3))
            .withBatchEntries(1 + random.nextInt(3))
            .withLimits(random.nextBoolean() ? 40 : 1 << 16, 400, 1 << 20);
    List<Member> members = new ArrayList<>();
    for (int i = 1; i <= size; i++) {
      members.add(new Member(i, 0));
    }
    int accept = 1 + random.nextInt(size);
    Quorums quorums =
        random.nextBoolean()
            ? Quorums.majority(size)
            : new Quorums(Math.max(1, size + 1 - accept), accept);
    this.first = new Configuration(1, members, quorums);
    this.newest = first;
    for (Member member : members) {
      add(member).bootstrap(first);
    }
  }

  private Node add(Member member) {
    Node node =
        new Node(new Identity(7, member), options, deviations, this::send, (n, o) -> observe(n, o));
    nodes.put(member, node);
    return node;
  }

  void run() {
    for (int tick = 0; tick < TICKS + QUIET_TICKS; tick++) {
      quiet = tick >= TICKS;
      if (quiet) {
        cuts.clear();
      }
      for (Node node : List.copyOf(nodes.values())) {
        disturb(node);
      }
      deliver();
      for (Node node : List.copyOf(nodes.values())) {
        if (node.isUp() && (quiet || random.nextInt(10) > 0)) {
          node.step(Input.TICK);
        }
        force(node);
      }
    }
    converged();
  }

  private void disturb(Node node) {
    if (!node.isUp()) {
      if (quiet || hits(30)) {
        node.restart(first.contains(node.member()) ? first : null);
      }
      return;
    }
    if (!quiet && hits(faults.crash())) {
      node.crash();
      return;
    }
    if (!quiet && hits(faults.cut())) {
      cutOrHeal();
    }
    if (!quiet && hits(60)) {
      String entry = node.member().node() + ":" + ++ids;
      proposed.add(entry);
      node.step(new Input.Propose(Texts.entries(entry)));
    }
    if (!quiet && hits(30)) {
      readFloors.put(++ids, (long) chosen.size());
      node.step(new Input.Read(ids));
    }
    if (hits(faults.compact()) && !node.applied().isEmpty()) {
      int kept = random.nextInt(node.applied().size() + 1);
      node.snapshot(kept, random.nextInt(node.applied().size() + 1));
    }
    if (hits(faults.compact())) {
      node.step(new Input.Trim(random.nextLong(node.replica().decidedIndex() + 1)));
    }
    if (!quiet && hits(faults.reconfigure()) && newest.id() < 12) {
      reconfigure(node);
    }
  }

  private void reconfigure(Node node) {
    Configuration current = node.replica().view().configuration();
    if (current == null || current.id() < newest.id()) {
      return;
    }
    List<Member> members = new ArrayList<>(current.members());
    long next = nodes.lastKey().node() + 1;
    if (members.size() > 1 && random.nextInt(3) > 0) {
      members.remove(random.nextInt(members.size()));
    }
    if (members.size() < 5 && next < 12) {
      Member added = new Member(next, random.nextInt(2));
      members.add(added);
      add(added).join();
    }
    Configuration proposal = Configuration.of(current.id() + 1, members);
    node.step(new Input.Reconfigure(proposal, Bytes.EMPTY));
  }

  private void cutOrHeal() {
    if (!cuts.isEmpty() && random.nextBoolean()) {
      cuts.clear();
      return;
    }
    List<Member> members = List.copyOf(nodes.keySet());
    Member a = members.get(random.nextInt(members.size()));
    Member b = members.get(random.nextInt(members.size()));
    cuts.add(a + ">" + b);
    if (random.nextBoolean()) {
      cuts.add(b + ">" + a);
    }
  }

  private void force(Node node) {
    if (quiet || random.nextInt(3) > 0) {
      node.forceAll();
    } else {
      node.force(random.nextInt(2));
    }
  }

  private void send(Envelope envelope) {
    if (!quiet && (hits(faults.loss()) || cuts.contains(envelope.from() + ">" + envelope.to()))) {
      return;
    }
    network.add(envelope);
    if (!quiet && hits(faults.doubled())) {
      network.add(envelope);
    }
  }

  private void deliver() {
    List<Envelope> batch = new ArrayList<>(network);
    network.clear();
    for (Envelope envelope : batch) {
      if (!quiet && hits(faults.overtaken())) {
        network.add(envelope);
        continue;
      }
      Node node = nodes.get(envelope.to());
      if (quiet && Boolean.getBoolean("khonsu.chaos.trace")) {
        System.err.println(envelope);
      }
      if (node != null && node.isUp()) {
        node.step(new Input.Receive(envelope));
      }
    }
  }

  private void observe(Node node, Output output) {
    for (Event event : output.events()) {
      if (event instanceof Event.ReadReady(List<Long> ids, long index)) {
        for (long id : ids) {
          long floor = readFloors.getOrDefault(id, 0L);
          check(index >= floor, node.member() + " reads at " + index + " below " + floor);
        }
      } else if (event instanceof Event.ConfigurationStarted begun
          && begun.configuration().id() > newest.id()) {
        newest = begun.configuration();
      }
    }
    Decided decided = output.decided();
    if (decided == null) {
      return;
    }
    check(node, decided);
    sealed(node);
  }

  /** What follows a stop-sign is decided in the configuration that it began. */
  private void sealed(Node node) {
    ReplicaView view = node.replica().view();
    Configuration configuration = view.configuration();
    if (view.role() != Role.PASSIVE && configuration != null) {
      long decided = view.log().decidedIndex();
      String stop =
          chosen.subList(0, (int) decided).reversed().stream()
              .filter(text -> text.startsWith("stop"))
              .findFirst()
              .orElse("stop1");
      check(
          stop.equals("stop" + configuration.id()),
          node.member() + " is in " + configuration.id() + " after " + stop);
    }
  }

  private void check(Node node, Decided decided) {
    long index = decided.firstIndex();
    for (String text : Texts.of(decided.entries())) {
      if (index < chosen.size()) {
        check(
            chosen.get((int) index).equals(text),
            node.member()
                + " decides "
                + text
                + " at "
                + index
                + ", not "
                + chosen.get((int) index));
      } else {
        check(index == chosen.size(), "a hole before " + index);
        check(text.startsWith("stop") || proposed.contains(text), "never proposed: " + text);
        chosen.add(text);
      }
      index++;
    }
  }

  private void converged() {
    for (Map.Entry<Member, Node> entry : nodes.entrySet()) {
      if (newest.contains(entry.getKey())) {
        List<String> applied = entry.getValue().applied();
        check(
            applied.equals(chosen),
            entry.getKey()
                + " has "
                + applied.size()
                + " of "
                + chosen.size()
                + ": "
                + entry.getValue().replica().view());
      }
    }
    check(!chosen.isEmpty(), "nothing was decided");
  }

  Map<Member, Node> nodes() {
    return nodes;
  }

  int decidedCount() {
    return chosen.size();
  }

  private boolean hits(int thousandths) {
    return random.nextInt(1000) < thousandths;
  }

  private static void check(boolean condition, String what) {
    if (!condition) {
      throw new AssertionError(what);
    }
  }
}
