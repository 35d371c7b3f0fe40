package io.khonsu.consensus;

import io.khonsu.consensus.deviation.Deviation;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A replica with a storage, an application and an outbox: what a driver is. */
final class Node {
  final Identity identity;
  private final ReplicaOptions options;
  private final Set<Deviation> deviations;
  private final MemoryStore store = new MemoryStore();

  /** The application's state: all decided entries, as texts; it survives with the storage. */
  private final List<String> applied = new ArrayList<>();

  /** What the application had applied when each snapshot was taken; chunks are served from here. */
  private final TreeMap<Long, List<String>> snapshots = new TreeMap<>();

  private final TreeMap<String, List<String>> staged = new TreeMap<>();
  private StringBuilder stagedText = new StringBuilder();

  /** Whose snapshots are bad, and who has sent such a one. */
  private final Set<Member> badSources = new HashSet<>();

  private final List<Member> refused = new ArrayList<>();
  private final List<Envelope> held = new ArrayList<>();

  /** What the application gets once the writes are durable. */
  private final List<Runnable> deliveries = new ArrayList<>();

  private final List<Event> events = new ArrayList<>();
  private @Nullable Replica replica;

  /** Where messages that may leave go. */
  interface Network {
    void send(Envelope envelope);
  }

  /** Is told what every step returned. */
  interface Observer {
    void saw(Node node, Output output);
  }

  private final Network network;
  private final Observer observer;

  Node(
      Identity identity,
      ReplicaOptions options,
      Set<Deviation> deviations,
      Network network,
      Observer observer) {
    this.identity = identity;
    this.options = options;
    this.deviations = deviations;
    this.network = network;
    this.observer = observer;
  }

  Member member() {
    return identity.member();
  }

  boolean isUp() {
    return replica != null;
  }

  Replica replica() {
    return Invariants.present(replica, "the node is up");
  }

  List<String> applied() {
    return applied;
  }

  List<Event> events() {
    return events;
  }

  /** Whose snapshots are bad from here on. */
  Set<Member> badSources() {
    return badSources;
  }

  /** {@return who has sent a bad snapshot, each time} */
  List<Member> refused() {
    return refused;
  }

  void bootstrap(Configuration configuration) {
    begin(Replica.bootstrap(identity, configuration, options, deviations));
  }

  void join() {
    begin(Replica.joining(identity, options, deviations));
  }

  /** Starts again from what is durable; a node that never wrote anything stays as {@code first}. */
  void restart(@Nullable Configuration first) {
    SnapshotId installed = store.installed();
    if (installed != null && installed.index() > applied.size()) {
      install(installed); // The crash came between the write and the application.
    }
    DurableState state = store.load(applied.size());
    if (state != null) {
      begin(Replica.recover(state, options, deviations));
    } else if (first != null) {
      bootstrap(first);
    } else {
      join();
    }
  }

  void crash() {
    replica = null;
    store.crash();
    held.clear();
    deliveries.clear();
  }

  /** Crashes when all writes are done, before anything that waited for them has left. */
  void crashAfterWriting() {
    store.force(Integer.MAX_VALUE);
    crash();
  }

  private void begin(Replica begun) {
    replica = begun;
    carryOut(begun.start());
  }

  /** Takes a step, and leaves the write waiting. */
  void step(Input input) {
    if (replica != null) {
      carryOut(replica().step(input));
    }
  }

  /** Forces some of the waiting writes, and sends what waited for them. */
  void force(int writes) {
    long number = store.force(writes);
    if (number > 0) {
      step(new Input.Persisted(number));
    }
    release();
  }

  void forceAll() {
    while (!store.isIdle()) {
      force(Integer.MAX_VALUE);
    }
    release();
  }

  private void release() {
    if (store.isIdle()) {
      List<Envelope> free = List.copyOf(held);
      held.clear();
      free.forEach(network::send);
      List<Runnable> due = List.copyOf(deliveries);
      deliveries.clear();
      due.forEach(Runnable::run);
    }
  }

  /** Takes a snapshot of what is applied, and drops the log below {@code keepFrom}. */
  void snapshot(long keepFrom, long deltaFloor) {
    long index = applied.size();
    snapshots.put(index, List.copyOf(applied));
    store.snapshotTaken(index);
    step(new Input.SnapshotTaken(index, keepFrom, deltaFloor));
  }

  /** A newer snapshot took the place of that one. */
  void dropSnapshot(long index) {
    snapshots.remove(index);
  }

  private void carryOut(Output output) {
    observer.saw(this, output);
    output.staged().forEach(this::stage);
    Persist persist = output.persist();
    if (persist != null) {
      store.write(persist);
    }
    output.sendNow().forEach(network::send);
    held.addAll(output.sendAfterPersist());
    for (Event event : output.events()) {
      if (event instanceof Event.SnapshotInstalled(SnapshotId id)) {
        deliveries.add(() -> install(id));
      }
      events.add(event);
    }
    Decided decided = output.decided();
    if (decided != null) {
      deliveries.add(() -> apply(decided));
    }
    for (SnapshotRead read : output.snapshotReads()) {
      serve(read);
    }
    for (StagedChunk chunk : output.staged()) {
      checkStaged(chunk);
    }
    for (Event event : output.events()) {
      if (event instanceof Event.SnapshotWanted && replica != null && !applied.isEmpty()) {
        snapshot(replica().compactedIndex(), applied.size());
      }
    }
  }

  private void apply(Decided decided) {
    long index = decided.firstIndex();
    for (Entries run : decided.entries()) {
      for (int i = 0; i < run.count(); i++, index++) {
        String text = Texts.of(run, i);
        if (index < applied.size()) {
          check(applied.get((int) index).equals(text), "decided twice differently at " + index);
        } else {
          check(index == applied.size(), "a hole at " + index);
          applied.add(text);
        }
      }
    }
  }

  private void install(SnapshotId id) {
    if (id.isDelta()) {
      check(id.base() == applied.size(), id + " on " + applied.size());
    } else {
      applied.clear();
    }
    List<String> content = stagedFor(id);
    check(applied.size() + content.size() == id.index(), id + " staged " + content.size());
    applied.addAll(content);
    snapshots.put(id.index(), List.copyOf(applied));
  }

  private void serve(SnapshotRead read) {
    List<String> state = snapshots.get(read.snapshot().index());
    if (state == null) {
      step(new Input.SnapshotData(read, -1, Bytes.EMPTY));
      return;
    }
    String text = String.join("\n", state.subList((int) read.snapshot().base(), state.size()));
    byte[] bytes = text.getBytes(java.nio.charset.StandardCharsets.UTF_8);
    int offset = (int) Math.min(read.offset(), bytes.length);
    int length = Math.min(bytes.length - offset, read.maxBytes());
    step(new Input.SnapshotData(read, bytes.length, Bytes.copyOf(bytes, offset, length)));
  }

  private void stage(StagedChunk chunk) {
    if (chunk.offset() == 0) {
      stagedText = new StringBuilder();
    }
    check(stagedText.length() == chunk.offset(), "chunks come in order");
    stagedText.append(new String(chunk.bytes().toArray(), java.nio.charset.StandardCharsets.UTF_8));
    if (stagedText.length() == chunk.sizeBytes()) {
      staged.put(chunk.snapshot().toString(), List.of(stagedText.toString().split("\n", -1)));
    }
  }

  private void checkStaged(StagedChunk chunk) {
    boolean isBad = badSources.contains(chunk.source());
    if (isBad) {
      refused.add(chunk.source());
      stagedText = new StringBuilder();
      staged.clear();
    }
    if (isBad || chunk.isLast()) {
      step(new Input.SnapshotChecked(chunk.snapshot(), chunk.source(), !isBad));
    }
  }

  private List<String> stagedFor(SnapshotId id) {
    return Invariants.present(staged.get(id.toString()), "the snapshot is staged");
  }

  private static void check(boolean condition, String what) {
    if (!condition) {
      throw new AssertionError(what);
    }
  }
}
