package io.khonsu.grpc;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.Objects;

/**
 * Where a node can be reached by the others.
 *
 * @param node its number
 * @param incarnation which of its storages it must have at least; see {@link
 *     Refusal#OLD_INCARNATION}
 * @param host a name, which is looked up at each connecting, or an address
 * @param port where it listens for nodes
 */
public record PeerAddress(long node, long incarnation, String host, int port) {
  /** Checks the ranges. */
  public PeerAddress {
    Objects.requireNonNull(host, "host");
    if (node < 1 || incarnation < 0) {
      throw new IllegalArgumentException(
          "node must be positive and incarnation not negative, but they are %d and %d"
              .formatted(node, incarnation));
    }
    if (!isHost(host) || port < 1 || port > 65_535) {
      throw new IllegalArgumentException(
          "'%s' and %d are no host and port of node %d".formatted(host, port, node));
    }
  }

  /** {@return whether this can be the host of a URI, as gRPC makes one of it} */
  private static boolean isHost(String host) {
    try {
      return !host.isBlank() && new URI(null, null, host, -1, null, null, null).getHost() != null;
    } catch (URISyntaxException _) {
      return false;
    }
  }

  /** {@return the address of a node with its first storage} */
  public static PeerAddress of(long node, String host, int port) {
    return new PeerAddress(node, 0, host, port);
  }

  /**
   * {@return the address of a node with its first storage}
   *
   * @param address as {@link #hostAndPort} writes it
   * @throws IllegalArgumentException if it is not like that
   */
  public static PeerAddress parse(long node, String address) {
    int colon = address.lastIndexOf(':');
    String port = address.substring(colon + 1);
    if (colon < 1 || !port.matches("\\d{1,5}")) {
      throw new IllegalArgumentException(
          "'%s' is no address of node %d: it is like HOST:PORT".formatted(address, node));
    }
    String host = address.substring(0, colon);
    boolean isBracketed = host.startsWith("[") && host.endsWith("]");
    String plain = isBracketed ? host.substring(1, host.length() - 1) : host;
    return of(node, plain, Integer.parseInt(port));
  }

  /** {@return {@code HOST:PORT}, an IPv6 address in brackets} */
  public String hostAndPort() {
    return (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + port;
  }

  @Override
  public String toString() {
    return "node %d at %s:%d".formatted(node, host, port);
  }
}
