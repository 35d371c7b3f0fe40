package io.khonsu.distributed;

import static org.assertj.core.api.Assertions.assertThat;

import io.khonsu.Khonsu;
import io.khonsu.NodePresence;
import io.khonsu.Scan;
import io.khonsu.Snapshot;
import io.khonsu.Table;
import io.khonsu.TableSpec;
import io.khonsu.consensus.Bytes;
import io.khonsu.consensus.Envelope;
import io.khonsu.consensus.Message;
import io.khonsu.consensus.wire.WireFormat;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A node that gets a bad state from another one stays, and takes a good one as soon as it can. */
@Timeout(300)
class BadPeerTest {
  private static final TableSpec NUMBERS =
      TableSpec.rows(
              "numbers",
              new Schema(List.of(Field.notNullable("id", new ArrowType.Int(Long.SIZE, true)))))
          .primaryKey("id");

  /** So many are bad. */
  private final CountDownLatch bad = new CountDownLatch(3);

  private static ClusterConfig small(long id) {
    return Nodes.withSmallCheckpoints(Nodes.config(5, id, 1, 2, 3));
  }

  private static void put(Khonsu store, long from, long to) {
    Table table = store.table("numbers").orElseThrow();
    for (long id = from; id < to; id++) {
      long number = id;
      store.run(tx -> tx.upsert(table, table.row(number)));
    }
  }

  private static int count(Khonsu store) {
    try (Snapshot snapshot = store.snapshot()) {
      return snapshot.scan(store.table("numbers").orElseThrow(), Scan.all()).rows().size();
    }
  }

  /** {@return a frame with one byte of a snapshot's begin changed, if it has that} */
  private byte[] changed(byte[] frame, WireFormat format) {
    PeerMessage message = PeerMessage.decode(frame, format);
    boolean isBegin =
        message instanceof PeerMessage.Consensus(long _, Envelope envelope)
            && envelope.message() instanceof Message.SnapshotChunk chunk
            && chunk.offset() == 0;
    if (!isBegin || bad.getCount() == 0) {
      return frame;
    }
    bad.countDown();
    Envelope envelope = ((PeerMessage.Consensus) message).envelope();
    Message.SnapshotChunk chunk = (Message.SnapshotChunk) envelope.message();
    byte[] bytes = chunk.bytes().toArray();
    bytes[bytes.length / 2] ^= 1;
    Message other =
        new Message.SnapshotChunk(chunk.snapshot(), 0, chunk.sizeBytes(), Bytes.copyOf(bytes));
    Envelope changed =
        new Envelope(
            envelope.clusterId(), envelope.configuration(), envelope.from(), envelope.to(), other);
    return new PeerMessage.Consensus(message.group(), changed).encode(format);
  }

  @Test
  void nodeThatGetsBadStates_goesOn_untilItGetsAGoodOne() throws Exception {
    try (Nodes nodes = new Nodes(0)) {
      for (long id = 1; id <= 3; id++) {
        nodes.start(small(id), NodePresence.NEW, nodes.network().of(id));
      }
      var _ = nodes.member(1).store().createTable(NUMBERS);
      put(nodes.member(1).store(), 0, 5);
      assertThat(count(nodes.member(3).store())).isEqualTo(5);
      nodes.stop(3);
      put(nodes.member(1).store(), 5, 120);
      WireFormat format = new WireFormat(small(3).consensus());
      nodes.network().change(3, frame -> changed(frame, format));
      nodes.start(small(3), NodePresence.EXISTING, nodes.network().of(3));
      bad.await();
      Khonsu store = nodes.member(3).store();
      store.localSnapshot().close(); // of what it had
      assertThat(nodes.member(3).manager().failure()).isNull();
      assertThat(count(store)).isEqualTo(120);
      put(store, 120, 130);
      assertThat(count(store)).isEqualTo(130);
      assertThat(nodes.member(3).manager().failure()).isNull();
      NodeStatus.Counts counts = nodes.member(3).status().counts();
      assertThat(counts.snapshotsRefused()).isBetween(1L, 3L);
      assertThat(counts.snapshotsInstalled()).isPositive();
    }
  }
}
