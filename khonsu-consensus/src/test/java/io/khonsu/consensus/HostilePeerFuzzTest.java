package io.khonsu.consensus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import io.khonsu.consensus.wire.WireFormat;
import io.khonsu.consensus.wire.WireFormatException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * Members that lie. Agreement is lost with them, as in every protocol that is not Byzantine; but no
 * message that can be read ends a replica with an exception.
 */
class HostilePeerFuzzTest {
  private static final int SEEDS = Integer.getInteger("khonsu.hostile.seeds", 60);
  private static final long FIRST = Long.getLong("khonsu.hostile.first", 1);
  private static final int STEPS = 1500;
  private static final int UNDER_WAY_MAX = 60;
  private static final long CLUSTER = 7;

  @Test
  void lies_neverEndAReplica() {
    for (long seed = FIRST; seed < FIRST + SEEDS; seed++) {
      Cluster cluster = new Cluster(new SplittableRandom(seed));
      assertThatCode(cluster::run)
          .as("seed %d; replay with -Dkhonsu.hostile.first=%d", seed, seed)
          .doesNotThrowAnyException();
    }
  }

  /** Replicas whose storage never fails, among liars. */
  private static final class Cluster {
    private final SplittableRandom random;
    private final RandomMessages lies;
    private final WireFormat format;
    private final List<Replica> replicas = new ArrayList<>();
    private final ArrayDeque<Envelope> underWay = new ArrayDeque<>();
    private final int size;

    private Cluster(SplittableRandom random) {
      this.random = random;
      this.lies = new RandomMessages(random.split());
      this.size = random.nextInt(1, 5);
      ReplicaOptions options =
          ReplicaOptions.defaults().withTicks(3, 5, 1).withLimits(60, 200, 400);
      this.format = new WireFormat(options);
      long[] nodes = new long[size];
      for (int i = 0; i < size; i++) {
        nodes[i] = i + 1L;
      }
      for (long node : nodes) {
        Identity identity = new Identity(CLUSTER, new Member(node, 0));
        replicas.add(
            random.nextInt(8) == 0
                ? Replica.joining(identity, options)
                : Replica.bootstrap(identity, Configuration.ofNodes(1, nodes), options));
      }
    }

    private void run() {
      for (Replica replica : replicas) {
        carryOut(replica, replica.start());
      }
      for (int i = 0; i < STEPS; i++) {
        act(replicas.get(random.nextInt(size)));
      }
    }

    private void act(Replica replica) {
      switch (random.nextInt(12)) {
        case 0, 1 -> step(replica, Input.TICK);
        case 2 -> step(replica, new Input.Propose(Texts.entries("some", "entries")));
        case 3 -> step(replica, new Input.Read(random.nextLong()));
        case 4 -> step(replica, lie(replica));
        case 5 -> operate(replica);
        default -> deliver();
      }
    }

    private void operate(Replica replica) {
      long index = random.nextLong(replica.decidedIndex() + 2);
      switch (random.nextInt(7)) {
        case 6 ->
            step(
                replica,
                new Input.SnapshotChecked(
                    SnapshotId.complete(index + 1), someone(), random.nextBoolean()));
        case 0 -> step(replica, new Input.Campaign());
        case 1 -> step(replica, new Input.Trim(index));
        case 2 -> step(replica, new Input.SnapshotTaken(index, index, index / 2));
        case 3 -> step(replica, new Input.Join(List.of(someone())));
        case 4 -> step(replica, new Input.Reconnected(someone()));
        default -> {
          long id = random.nextLong(1, 6);
          Configuration next = Configuration.ofNodes(id, 1, 2, random.nextLong(3, 6));
          step(replica, new Input.Reconfigure(next, Bytes.EMPTY));
        }
      }
    }

    private Member someone() {
      return new Member(random.nextLong(1, 6), random.nextInt(10) == 0 ? 1 : 0);
    }

    /** {@return a message to that replica that a member could have sent, but had no reason to} */
    private Input lie(Replica replica) {
      Configuration own = replica.view().configuration();
      long configuration = own != null && random.nextInt(4) > 0 ? own.id() : random.nextLong(4);
      lies.favour(replica.view().ballots().promise());
      Message message = lies.envelope().message();
      Member self = replica.view().identity().member();
      return new Input.Receive(new Envelope(CLUSTER, configuration, someone(), self, message));
    }

    private void deliver() {
      Envelope envelope = underWay.poll();
      if (envelope == null || envelope.to().node() > size) {
        return;
      }
      byte[] frame = format.write(envelope);
      Replica receiver = replicas.get((int) envelope.to().node() - 1);
      try {
        step(receiver, new Input.Receive(format.readEnvelope(ByteBuffer.wrap(frame))));
      } catch (WireFormatException e) {
        // Only this may stop it: a liar used up the last ballot.
        assertThat(e).hasMessageContaining("a number is out of range: 4611686018427387904");
      }
    }

    private void step(Replica replica, Input input) {
      carryOut(replica, replica.step(input));
    }

    private void carryOut(Replica replica, Output output) {
      underWay.addAll(output.sendNow());
      underWay.addAll(output.sendAfterPersist());
      while (underWay.size() > UNDER_WAY_MAX) {
        underWay.removeFirst();
      }
      Persist persist = output.persist();
      if (persist != null && random.nextInt(3) > 0) {
        step(replica, new Input.Persisted(persist.number()));
      }
      for (SnapshotRead read : output.snapshotReads()) {
        Bytes bytes = Bytes.copyOf(new byte[random.nextInt(Math.min(30, read.maxBytes()))]);
        long sizeBytes = random.nextInt(5) == 0 ? -1 : read.offset() / 2 + bytes.size() * 2L;
        step(replica, new Input.SnapshotData(read, sizeBytes, bytes));
      }
    }
  }
}
