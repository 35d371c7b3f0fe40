package io.khonsu.consensus;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.LongStream;

// example: begin
/** A replicated list of strings: what it takes to embed a replica. */
final class EmbeddingExample {
  private final Map<Member, EmbeddingExample> peers; // stands for the network
  private final List<Persist> disk = new ArrayList<>(); // stands for a log that is fsynced
  private final List<String> state = new ArrayList<>();
  private final List<Envelope> inbox = new ArrayList<>();
  private final Replica replica;

  EmbeddingExample(Member self, Configuration cluster, Map<Member, EmbeddingExample> peers) {
    this.peers = peers;
    peers.put(self, this);
    replica = Replica.bootstrap(new Identity(42, self), cluster, ReplicaOptions.defaults());
  }

  void start() {
    carryOut(replica.start());
  }

  /** Called by a timer, say every 10 ms, on the thread that owns the replica. */
  void dutyCycle() {
    List<Envelope> arrived = List.copyOf(inbox);
    inbox.clear();
    arrived.forEach(envelope -> carryOut(replica.step(new Input.Receive(envelope))));
    carryOut(replica.step(Input.TICK));
  }

  void append(String text) {
    byte[] entry = text.getBytes(StandardCharsets.UTF_8);
    carryOut(replica.step(new Input.Propose(Entries.of(entry))));
  }

  List<String> state() {
    return List.copyOf(state);
  }

  private void carryOut(Output output) {
    Persist persist = output.persist();
    if (persist != null) {
      disk.add(persist); // write and fsync here; on failure: Input.StorageFailed, and reopen
    }
    output.sendNow().forEach(this::send);
    output.sendAfterPersist().forEach(this::send);
    Decided decided = output.decided();
    if (decided != null) {
      decided.entries().forEach(this::apply);
    }
    if (persist != null) {
      carryOut(replica.step(new Input.Persisted(persist.number())));
    }
  }

  private void send(Envelope envelope) {
    EmbeddingExample peer = peers.get(envelope.to());
    if (peer != null) { // else it is down: what is lost is repaired
      peer.inbox.add(envelope);
    }
  }

  private void apply(Entries run) {
    for (int i = 0; i < run.count() && !run.isStopSign(); i++) {
      state.add(new String(run.entry(i), StandardCharsets.UTF_8));
    }
  }

  static List<EmbeddingExample> cluster(int size) {
    Map<Member, EmbeddingExample> peers = new TreeMap<>();
    long[] nodes = LongStream.rangeClosed(1, size).toArray();
    Configuration cluster = Configuration.ofNodes(1, nodes);
    cluster.members().forEach(member -> new EmbeddingExample(member, cluster, peers));
    return List.copyOf(peers.values());
  }
}
// example: end
