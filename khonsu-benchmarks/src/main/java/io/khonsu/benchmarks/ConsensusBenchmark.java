package io.khonsu.benchmarks;

import io.khonsu.consensus.Configuration;
import io.khonsu.consensus.Entries;
import io.khonsu.consensus.Envelope;
import io.khonsu.consensus.Identity;
import io.khonsu.consensus.Input;
import io.khonsu.consensus.Member;
import io.khonsu.consensus.Output;
import io.khonsu.consensus.Persist;
import io.khonsu.consensus.Replica;
import io.khonsu.consensus.ReplicaOptions;
import java.lang.management.ManagementFactory;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;

/**
 * Replicas of one cluster on one thread, without storage and network: the protocol's own cost. One
 * batch is proposed at the leader, then all messages are delivered and all writes reported as done.
 * Whenever so much is decided, all drop it.
 */
final class ConsensusBenchmark {
  private static final long KEPT_ENTRIES = 100_000;
  private static final com.sun.management.ThreadMXBean THREADS =
      (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();

  /**
   * What to measure.
   *
   * @param replicas how many replicas there are
   * @param entryBytes the size of an entry
   * @param batchEntries how many entries are proposed at once
   */
  record Setting(int replicas, int entryBytes, int batchEntries) {}

  /**
   * What was measured.
   *
   * @param perSecond how many entries were decided by all replicas in a second
   * @param bytesPerEntry how much heap was allocated for each
   * @param idleBytes how much heap a tick allocates that has nothing to do
   */
  record Figure(Setting setting, double perSecond, double bytesPerEntry, double idleBytes) {}

  private final Setting setting;
  private final List<Replica> replicas = new ArrayList<>();
  private final ArrayDeque<Envelope> network = new ArrayDeque<>();

  ConsensusBenchmark(Setting setting) {
    this.setting = setting;
    long[] nodes = LongStream.rangeClosed(1, setting.replicas()).toArray();
    Configuration configuration = Configuration.ofNodes(1, nodes);
    ReplicaOptions options = ReplicaOptions.defaults();
    for (Member member : configuration.members()) {
      replicas.add(Replica.bootstrap(new Identity(1, member), configuration, options));
    }
    for (Replica replica : replicas) {
      carryOut(replica, replica.start());
    }
    step(leader(), new Input.Campaign());
    deliver();
  }

  private Replica leader() {
    return replicas.getFirst();
  }

  /**
   * {@return the median of several rounds}
   *
   * @param rounds how many rounds there are, after as many to warm up
   * @param millis how long each lasts
   */
  Figure run(int rounds, long millis) {
    for (int round = 0; round < rounds; round++) {
      round(millis);
    }
    double[] speeds = new double[rounds];
    long before = allocated();
    long decidedBefore = leader().decidedIndex();
    for (int round = 0; round < rounds; round++) {
      speeds[round] = round(millis);
    }
    double bytes = allocated() - before;
    double perEntry = bytes / (leader().decidedIndex() - decidedBefore);
    Arrays.sort(speeds);
    return new Figure(setting, speeds[rounds / 2], perEntry, idleBytes());
  }

  private double round(long millis) {
    long begin = System.nanoTime();
    long end = begin + millis * 1_000_000;
    long first = leader().decidedIndex();
    long now = begin;
    while (now < end) {
      for (int i = 0; i < 16; i++) {
        proposeAndDecide();
      }
      now = System.nanoTime();
    }
    return (leader().decidedIndex() - first) * 1e9 / (now - begin);
  }

  private void proposeAndDecide() {
    byte[] bytes = new byte[setting.entryBytes() * setting.batchEntries()];
    long index = leader().decidedIndex();
    bytes[0] = (byte) index;
    step(leader(), new Input.Propose(Entries.fixedWidth(bytes, setting.entryBytes())));
    deliver();
    long decided = leader().decidedIndex();
    if (decided != index + setting.batchEntries()) {
      throw new IllegalStateException("decided " + (decided - index) + " of a batch");
    }
    if (decided - leader().compactedIndex() > KEPT_ENTRIES) {
      for (Replica replica : replicas) {
        long keep = replica.decidedIndex();
        step(replica, new Input.SnapshotTaken(keep, keep, keep));
      }
    }
  }

  private void deliver() {
    for (Envelope next = network.poll(); next != null; next = network.poll()) {
      step(replicas.get((int) next.to().node() - 1), new Input.Receive(next));
    }
  }

  private void step(Replica replica, Input input) {
    carryOut(replica, replica.step(input));
  }

  private void carryOut(Replica replica, Output output) {
    network.addAll(output.sendNow());
    network.addAll(output.sendAfterPersist());
    Persist persist = output.persist();
    if (persist != null) {
      carryOut(replica, replica.step(new Input.Persisted(persist.number())));
    }
  }

  /** {@return the bytes that a tick allocates on average if no timer fires} */
  private double idleBytes() {
    Replica idle = replicas.getLast();
    for (int i = 0; i < 200_000; i++) {
      var _ = idle.step(Input.TICK);
    }
    int ticks = 0;
    long bytes = 0;
    for (int i = 0; i < 2_000; i++) {
      long before = allocated();
      Output output = idle.step(Input.TICK);
      long after = allocated();
      if (output.isNothing()) {
        bytes += after - before;
        ticks++;
      }
    }
    return (double) bytes / Math.max(1, ticks);
  }

  private static long allocated() {
    return THREADS.getCurrentThreadAllocatedBytes();
  }
}
