package io.khonsu.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import io.khonsu.distributed.Transport;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
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
      last = number;
      frames++;
      return true;
    }

    @Override
    public void reconnected(long node) {}

    synchronized int frames() {
      return frames;
    }

    synchronized int last() {
      return last;
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

  private static GrpcTransport open(long node, InetSocketAddress listen, PeerAddress peer)
      throws IOException {
    return GrpcTransport.open(PeerSettings.of(1, node, listen).with(List.of(peer)));
  }

  private static PeerAddress peer(long node, InetSocketAddress address) {
    return PeerAddress.of(node, address.getHostString(), address.getPort());
  }

  @Test
  void frames_neverComeTwiceLateOrDamaged_andComeAgainAtTheEnd() throws Exception {
    long seed = ThreadLocalRandom.current().nextLong();
    Random random = new Random(seed);
    InetSocketAddress first = FreePorts.next();
    InetSocketAddress second = FreePorts.next();
    Watcher atOne = new Watcher();
    Watcher atTwo = new Watcher();
    try (GrpcTransport one = open(1, first, peer(2, second));
        GrpcTransport two = open(2, second, peer(1, first))) {
      one.start(atOne);
      two.start(atTwo);
      int number = 0;
      for (int round = 0; round < ROUNDS; round++) {
        disturb(random, one, two, second);
        for (int i = 0; i < BURST; i++) {
          one.send(2, frame(number));
          two.send(1, frame(number++));
        }
      }
      heal(one, two);
      int end = number;
      one.send(2, frame(end));
      two.send(1, frame(end));
      Waiting.until("the last", () -> atOne.last() == end && atTwo.last() == end);
    }
    assertThat(atOne.wrong).as("seed %d", seed).isEmpty();
    assertThat(atTwo.wrong).as("seed %d", seed).isEmpty();
    assertThat(Math.min(atOne.frames(), atTwo.frames())).isGreaterThan(1);
  }

  private static void disturb(
      Random random, GrpcTransport one, GrpcTransport two, InetSocketAddress second) {
    LinkFault[] faults = {LinkFault.NONE, LinkFault.NONE, LinkFault.CUT, LinkFault.DROP};
    switch (random.nextInt(5)) {
      case 0 -> one.setFault(2, faults[random.nextInt(faults.length)]);
      case 1 -> two.setFault(1, faults[random.nextInt(faults.length)]);
      case 2 -> heal(one, two);
      case 3 -> Waiting.until("quiet", () -> one.links().getFirst().queuedBytes() == 0);
      default -> {
        if (random.nextInt(8) == 0) {
          one.removePeer(2);
          one.setPeer(peer(2, second));
        }
      }
    }
  }

  private static void heal(GrpcTransport one, GrpcTransport two) {
    one.setFault(2, LinkFault.NONE);
    two.setFault(1, LinkFault.NONE);
    Waiting.until("both ways", () -> connected(one) && connected(two));
  }

  private static boolean connected(GrpcTransport transport) {
    return transport.links().getFirst().isConnected();
  }
}
