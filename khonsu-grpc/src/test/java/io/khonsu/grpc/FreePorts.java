package io.khonsu.grpc;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.concurrent.ThreadLocalRandom;

/** Ports on loopback that nobody listens on, below those which outgoing connections take. */
final class FreePorts {
  private static final int FIRST = 20_000;
  private static final int END = 32_000;

  private FreePorts() {}

  static InetSocketAddress next() {
    while (true) {
      int port = ThreadLocalRandom.current().nextInt(FIRST, END);
      InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
      try (ServerSocket socket = new ServerSocket()) {
        socket.bind(address);
        return address;
      } catch (IOException e) {
        if (!socketIsTaken(e)) {
          throw new UncheckedIOException(e);
        }
      }
    }
  }

  private static boolean socketIsTaken(IOException e) {
    return e instanceof java.net.BindException;
  }
}
