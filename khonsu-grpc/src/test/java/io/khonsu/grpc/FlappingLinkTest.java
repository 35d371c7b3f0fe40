package io.khonsu.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import io.khonsu.distributed.Transport;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.Test;

/** Links that are cut, healed and replaced all the time while both ends send. */
class FlappingLinkTest {
  private static final int ROUNDS = 150;
  private static final int BURST = 40;

  /** What one node is told of the other, and whether it must never have been. */
  private static final class Watcher implements Transport.Receiver {
    private final List<String> wrong = new ArrayList<>();
    private int last = -1;
    private int frames;
    private int reconnections;
    private boolean mayMiss;

    /** What was sent while it was dropped on purpose, of which nobody is told. */
    private final BitSet dropped = new BitSet();

    @Override
    public synchronized boolean receive(long node, byte[] frame) {
      ByteBuffer in = ByteBuffer.wrap(frame);
      int number = in.getInt();
      if (number <= last) {
        wrong.add("%d after %d".formatted(number, last));
      }
      if (frame.length != sizeBytes(number) || frame[frame.length - 1] != (byte) number) {
        wrong.add("%d is damaged".formatted(number));
      }
      if (dropped.nextClearBit(last + 1) < number && !mayMiss) {
        wrong.add("%d after %d, and nobody said that some may be missing".formatted(number, last));
      }
      mayMiss = false;
      last = number;
      frames++;
      return true;
    }

    @Override
    public void received() {}

    @Override
    public synchronized void reconnected(long node) {
      mayMiss = true;
      reconnections++;
    }

    synchronized int reconnections() {
      return reconnections;
    }

    synchronized void willMiss(int number) {
      dropped.set(number);
    }

    synchronized int frames() {
      return frames;
    }

    synchronized int last() {
      return last;
    }
  }

  /** One end, and what is told there. */
  private static final class End {
    private final long node;
    private final GrpcTransport transport;
    private final Watcher watcher = new Watcher();
    private LinkFault fault = LinkFault.NONE;

    private End(long node, InetSocketAddress listen, PeerAddress peer) throws IOException {
      this.node = node;
      transport = GrpcTransport.open(PeerSettings.of(1, node, listen).with(List.of(peer)));
      transport.start(watcher);
    }

    private void send(int number, End other) {
      if (fault == LinkFault.DROP) {
        other.watcher.willMiss(number);
      }
      transport.send(other.node, frame(number));
    }

    private void setFault(LinkFault next, End other) {
      fault = next;
      transport.setFault(other.node, next);
    }

    private boolean isConnected() {
      return transport.links().getFirst().isConnected();
    }
  }

  private static int sizeBytes(int number) {
    return 8 + number * 31 % 20_000;
  }

  private static byte[] frame(int number) {
    byte[] frame = new byte[sizeBytes(number)];
    ByteBuffer.wrap(frame).putInt(number);
    frame[frame.length - 1] = (byte) number;
    return frame;
  }

  private static PeerAddress peer(long node, InetSocketAddress address) {
    return PeerAddress.of(node, address.getHostString(), address.getPort());
  }

  @Test
  void frames_neverComeTwiceLateOrDamaged_andWhatIsMissingIsTold() throws Exception {
    long seed = ThreadLocalRandom.current().nextLong();
    Random random = new Random(seed);
    InetSocketAddress first = FreePorts.next();
    InetSocketAddress second = FreePorts.next();
    End one = new End(1, first, peer(2, second));
    try {
      End two = new End(2, second, peer(1, first));
      try {
        play(random, one, two, second);
      } finally {
        two.transport.close();
      }
      assertThat(two.watcher.wrong).as("seed %d", seed).isEmpty();
      assertThat(two.watcher.frames()).isGreaterThan(1);
      assertThat(two.watcher.reconnections()).isGreaterThan(1);
    } finally {
      one.transport.close();
    }
    assertThat(one.watcher.wrong).as("seed %d", seed).isEmpty();
    assertThat(one.watcher.frames()).isGreaterThan(1);
    assertThat(one.watcher.reconnections()).isGreaterThan(1);
  }

  private static void play(Random random, End one, End two, InetSocketAddress second) {
    int number = 0;
    for (int round = 0; round < ROUNDS; round++) {
      disturb(random, one, two, second);
      for (int i = 0; i < BURST; i++) {
        one.send(number, two);
        two.send(number++, one);
      }
    }
    heal(one, two);
    int end = number;
    one.send(end, two);
    two.send(end, one);
    Waiting.until("the last", () -> one.watcher.last() == end && two.watcher.last() == end);
  }

  private static void disturb(Random random, End one, End two, InetSocketAddress second) {
    LinkFault[] faults = {LinkFault.NONE, LinkFault.NONE, LinkFault.CUT, LinkFault.DROP};
    switch (random.nextInt(5)) {
      case 0 -> one.setFault(faults[random.nextInt(faults.length)], two);
      case 1 -> two.setFault(faults[random.nextInt(faults.length)], one);
      case 2 -> heal(one, two);
      case 3 -> Waiting.until("quiet", () -> one.transport.links().getFirst().queuedBytes() == 0);
      default -> {
        if (random.nextInt(8) == 0) {
          one.transport.removePeer(2);
          one.transport.setPeer(peer(2, second));
          one.fault = LinkFault.NONE;
        }
      }
    }
  }

  private static void heal(End one, End two) {
    one.setFault(LinkFault.NONE, two);
    two.setFault(LinkFault.NONE, one);
    Waiting.until("both ways", () -> one.isConnected() && two.isConnected());
  }
}
