package io.khonsu.consensus;

import io.khonsu.consensus.deviation.Deviation;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/** A few replicas whose messages are delivered by hand. */
final class Lab {
  static final ReplicaOptions OPTIONS = ReplicaOptions.defaults().withTicks(10, 30, 1);

  private final List<Node> nodes = new ArrayList<>();
  private final List<Envelope> network = new ArrayList<>();
  private final Configuration configuration;

  /** What is delivered; everything else is lost. */
  private Predicate<Envelope> passes = envelope -> true;

  /** How often each message is delivered. */
  private int copies = 1;

  Lab(int size, ReplicaOptions options, Set<Deviation> deviations) {
    List<Member> members = new ArrayList<>();
    for (int i = 1; i <= size; i++) {
      members.add(new Member(i, 0));
    }
    configuration = Configuration.of(1, members);
    for (Member member : members) {
      Node node =
          new Node(
              new Identity(7, member), options, deviations, network::add, (sender, output) -> {});
      nodes.add(node);
      node.bootstrap(configuration);
    }
    pump();
  }

  /** Adds a replica that is in no configuration yet. */
  void join(Set<Deviation> deviations) {
    Member member = new Member(nodes.size() + 1, 0);
    Node node =
        new Node(
            new Identity(7, member), OPTIONS, deviations, network::add, (sender, output) -> {});
    nodes.add(node);
    node.join();
    pump();
  }

  Node node(int number) {
    return nodes.get(number - 1);
  }

  Replica replica(int number) {
    return node(number).replica();
  }

  void pass(Predicate<Envelope> envelopes) {
    passes = envelopes;
  }

  void passAll() {
    passes = envelope -> true;
  }

  void copies(int newCopies) {
    copies = newCopies;
  }

  /** Loses what is under way. */
  void lose() {
    network.clear();
  }

  void step(int number, Input input) {
    node(number).step(input);
    pump();
  }

  void lead(int number) {
    step(number, new Input.Campaign());
  }

  void propose(int number, String... texts) {
    step(number, new Input.Propose(Texts.entries(texts)));
  }

  /** Lets time pass for all, one tick after the other. */
  void tick(int ticks) {
    for (int i = 0; i < ticks; i++) {
      for (Node node : nodes) {
        node.step(Input.TICK);
      }
      pump();
    }
  }

  /** Delivers until nothing is under way. */
  void pump() {
    forceAll();
    while (!network.isEmpty()) {
      List<Envelope> batch = List.copyOf(network);
      network.clear();
      for (Envelope envelope : batch) {
        if (passes.test(envelope)) {
          for (int i = 0; i < copies; i++) {
            inject(envelope);
          }
        }
      }
      forceAll();
    }
  }

  private void forceAll() {
    nodes.forEach(Node::forceAll);
  }

  /** Delivers one message, and leaves what follows from it under way. */
  void inject(Envelope envelope) {
    node((int) envelope.to().node()).step(new Input.Receive(envelope));
  }

  void inject(int from, int to, Message message) {
    inject(
        new Envelope(
            7,
            replica(from).view().ballots().promise().configuration(),
            member(from),
            member(to),
            message));
  }

  Member member(int number) {
    return node(number).member();
  }

  List<Envelope> network() {
    return network;
  }

  List<String> log(int number) {
    Replica replica = replica(number);
    return Texts.of(replica.read(replica.compactedIndex(), replica.acceptedIndex()));
  }

  void restart(int number) {
    node(number).crash();
    node(number).restart(configuration);
    pump();
  }

  /** {@return what passes if only this pair, in either direction, is cut} */
  static Predicate<Envelope> cut(int a, int b) {
    return envelope -> !(isLink(envelope, a, b) || isLink(envelope, b, a));
  }

  /** {@return what passes if everything to and from {@code node} is lost} */
  static Predicate<Envelope> isolate(int node) {
    return envelope -> envelope.from().node() != node && envelope.to().node() != node;
  }

  static boolean isLink(Envelope envelope, int from, int to) {
    return envelope.from().node() == from && envelope.to().node() == to;
  }
}
