package io.khonsu.benchmarks;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;

/**
 * Where a process of a cluster is.
 *
 * @param size how many nodes there are
 * @param node its number, from 1, or 0 if it is a client
 * @param directory its own
 * @param ports on which they listen, on loopback; one for each node, that of node 1 first, then
 *     what the system has beside
 * @param isNew whether the node was never started before
 */
record ClusterSite(int size, int node, Path directory, List<Integer> ports, boolean isNew) {
  /** Copies the ports. */
  ClusterSite {
    ports = List.copyOf(ports);
  }

  int port(int other) {
    return ports.get(other - 1);
  }

  /** {@return at which address a node listens, as text} */
  String address(int other) {
    return "127.0.0.1:" + port(other);
  }

  /** {@return which node has an address, or 0} */
  int nodeAt(int port) {
    return ports.indexOf(port) + 1;
  }

  InetSocketAddress listen(int number) {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), port(number));
  }
}
