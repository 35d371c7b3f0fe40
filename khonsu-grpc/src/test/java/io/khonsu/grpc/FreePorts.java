package io.khonsu.grpc;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Ports on loopback that nobody listens on, below those which outgoing connections take. None is
 * given twice, so that only another process that draws the same of 12,000 can be in the way.
 */
final class FreePorts {
  private static final int FIRST = 20_000;
  private static final int END = 32_000;
  private static final Set<Integer> GIVEN = ConcurrentHashMap.newKeySet();

  private FreePorts() {}

  static InetSocketAddress next() {
    while (true) {
      int port = ThreadLocalRandom.current().nextInt(FIRST, END);
      InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
      try (ServerSocket socket = new ServerSocket()) {
        socket.bind(address);
        if (GIVEN.add(port)) {
          return address;
        }
      } catch (BindException _) {
        // Somebody else has it.
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
