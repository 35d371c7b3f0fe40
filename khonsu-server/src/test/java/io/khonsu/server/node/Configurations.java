package io.khonsu.server.node;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/** Configuration files of clusters of one node. */
public final class Configurations {
  private static final int ATTEMPTS = 1_000;

  private Configurations() {}

  /** {@return the file of a node that has a cluster of its own, in a directory} */
  public static Path write(Path root, int node) throws IOException {
    Path file = root.resolve("node-" + node + ".conf");
    int port = freePort();
    return Files.writeString(
        file,
        """
        cluster = 9
        node = %d
        directory = node-%d
        admin = 127.0.0.1:%d
        node.%d = 127.0.0.1:%d
        """
            .formatted(node, node, freePort(), node, port));
  }

  /**
   * {@return the ports of a node: for the others, for who looks at it, and for clients if it has}
   */
  public static List<Integer> ports(Path file) throws ConfigException {
    NodeConfig config = NodeConfig.read(file);
    List<Integer> ports = new ArrayList<>();
    ports.add(config.peers().listen().getPort());
    ports.add(config.admin().getPort());
    config.clients().ifPresent(clients -> ports.add(clients.listen().getPort()));
    return ports;
  }

  /** {@return a port that is free now, below those that systems give away} */
  public static int freePort() throws IOException {
    IOException last = new IOException("no port is free");
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      int port = ThreadLocalRandom.current().nextInt(20_000, 32_000);
      try (ServerSocket _ = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
        return port;
      } catch (IOException e) {
        last = e;
      }
    }
    throw last;
  }
}
