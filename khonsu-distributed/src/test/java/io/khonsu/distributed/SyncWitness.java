package io.khonsu.distributed;

import io.khonsu.consensus.Ballot;
import io.khonsu.consensus.Message;
import io.khonsu.consensus.wire.WireFormat;
import io.khonsu.consensus.wire.WireFormatException;
import io.khonsu.spi.KeyValueBatch;
import io.khonsu.spi.KeyValueStore;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;

/** Looks at what nodes force to their disks, and at what they tell others meanwhile. */
final class SyncWitness {
  /** What is on the medium of a node for sure. A node writes and sends by one thread. */
  private static final class Medium {
    private Ballot promise = Ballot.NONE;
    private long entries;
    private Ballot unforcedPromise = Ballot.NONE;
    private long unforcedEntries;
  }

  private final Map<Long, Medium> media = new ConcurrentHashMap<>();
  private final List<String> faults = new CopyOnWriteArrayList<>();
  private final AtomicLong promises = new AtomicLong();
  private final AtomicLong acceptances = new AtomicLong();

  List<String> faults() {
    return faults;
  }

  long promises() {
    return promises.get();
  }

  long acceptances() {
    return acceptances.get();
  }

  /** {@return a node's disk, whose writes are looked at} */
  KeyValueStore watch(long node, KeyValueStore disk) {
    Medium medium = media.computeIfAbsent(node, _ -> new Medium());
    return (KeyValueStore)
        Proxy.newProxyInstance(
            SyncWitness.class.getClassLoader(),
            new Class<?>[] {KeyValueStore.class},
            (_, method, arguments) -> {
              Object result = method.invoke(disk, arguments);
              if (method.getName().equals("write")) {
                note(medium, (KeyValueBatch) arguments[0], (KeyValueStore.Sync) arguments[1]);
              }
              return result;
            });
  }

  private static void note(Medium medium, KeyValueBatch batch, KeyValueStore.Sync sync)
      throws IOException {
    batch.forEach(
        new KeyValueBatch.Visitor() {
          @Override
          public void put(String space, byte[] key, byte[] value) {
            if (space.equals(ConsensusLog.ENTRIES)) {
              medium.unforcedEntries = ByteBuffer.wrap(key).getLong(Long.BYTES) + 1;
            } else if (space.equals(ConsensusLog.RECORDS) && key[key.length - 1] == 'm') {
              medium.unforcedPromise = promise(value);
            }
          }

          @Override
          public void delete(String space, byte[] key) {}

          @Override
          public void deleteRange(String space, byte[] from, byte[] to) {}
        });
    if (sync == KeyValueStore.Sync.SYNCED) {
      medium.promise = medium.unforcedPromise;
      medium.entries = medium.unforcedEntries;
    }
  }

  private static Ballot promise(byte[] metadata) {
    try {
      return WireFormat.readMetadata(ByteBuffer.wrap(metadata)).promise();
    } catch (WireFormatException e) {
      throw new IllegalStateException(e);
    }
  }

  /** {@return a node's transport, whose frames are looked at} */
  Transport watch(ClusterConfig config, Transport transport) {
    WireFormat format = new WireFormat(config.consensus());
    Medium medium = media.computeIfAbsent(config.member().node(), _ -> new Medium());
    return new Transport() {
      @Override
      public void start(Receiver receiver) {
        transport.start(receiver);
      }

      @Override
      public void send(long node, byte[] frame) {
        if (PeerMessage.decode(frame, format) instanceof PeerMessage.Consensus consensus) {
          check(medium, consensus.envelope().message());
        }
        transport.send(node, frame);
      }

      @Override
      public boolean isPeer(long node) {
        return transport.isPeer(node);
      }

      @Override
      public void setPeer(long node, String address) {
        transport.setPeer(node, address);
      }

      @Override
      public void removePeer(long node) {
        transport.removePeer(node);
      }

      @Override
      public void close() {
        transport.close();
      }
    };
  }

  private void check(Medium medium, Message message) {
    switch (message) {
      case Message.Promise promise -> {
        promises.incrementAndGet();
        checkPromise(medium, promise.ballot(), message);
      }
      case Message.Accepted accepted -> {
        acceptances.incrementAndGet();
        checkPromise(medium, accepted.ballot(), message);
        checkEntries(medium, accepted.acceptedIndex(), message);
      }
      case Message.HeartbeatReply reply -> checkEntries(medium, reply.durableAccepted(), message);
      default -> {}
    }
  }

  private void checkPromise(Medium medium, Ballot ballot, Message message) {
    if (medium.promise.compareTo(ballot) < 0) {
      faults.add(message + " was sent when only " + medium.promise + " was forced");
    }
  }

  private void checkEntries(Medium medium, long index, Message message) {
    if (medium.entries < index) {
      faults.add(message + " was sent when only " + medium.entries + " entries were forced");
    }
  }
}
