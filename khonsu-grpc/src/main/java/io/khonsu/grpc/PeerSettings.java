package io.khonsu.grpc;

import java.net.InetSocketAddress;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * How a node reaches the others, and is reached by them.
 *
 * @param clusterId tells this cluster from others; the same on all nodes
 * @param self this node: its number and which of its storages it has
 * @param listen where to listen; port 0 takes one that is free
 * @param peers the others, as far as they are known; itself may be among them
 * @param tls certificates for both directions, or empty for plain text
 * @param plainText where plain text is allowed
 * @param limits how much may be under way
 */
public record PeerSettings(
    long clusterId,
    Self self,
    InetSocketAddress listen,
    List<PeerAddress> peers,
    Optional<TlsFiles> tls,
    PlainText plainText,
    Limits limits) {

  /**
   * Who a node is.
   *
   * @param node its number
   * @param incarnation which of its storages it has
   */
  public record Self(long node, long incarnation) {
    /** Checks the ranges. */
    public Self {
      if (node < 1 || incarnation < 0) {
        throw new IllegalArgumentException(
            "node must be positive and incarnation not negative, but they are %d and %d"
                .formatted(node, incarnation));
      }
    }
  }

  /**
   * How much may be under way.
   *
   * @param frameBytesMax the largest frame, 17 MiB; larger ones are dropped here and refused there.
   *     It must be above what the consensus puts into a message, by 1 MiB to be safe, and the same
   *     on all nodes
   * @param queueBytesMax how many bytes wait for one peer to read, 64 MiB; beyond, frames are
   *     dropped
   */
  public record Limits(int frameBytesMax, long queueBytesMax) {
    /** Checks the ranges. */
    public Limits {
      if (frameBytesMax < 1 || queueBytesMax < frameBytesMax) {
        throw new IllegalArgumentException(
            "frameBytesMax must be positive and at most queueBytesMax, but they are %d and %d"
                .formatted(frameBytesMax, queueBytesMax));
      }
    }

    /** {@return the defaults, which are in the description of each setting} */
    public static Limits defaults() {
      return new Limits(17 << 20, 64L << 20);
    }
  }

  /** Copies the list and checks that no node is in it twice. */
  public PeerSettings {
    Objects.requireNonNull(self, "self");
    Objects.requireNonNull(listen, "listen");
    Objects.requireNonNull(tls, "tls");
    Objects.requireNonNull(plainText, "plainText");
    Objects.requireNonNull(limits, "limits");
    peers = List.copyOf(peers);
    if (peers.stream().mapToLong(PeerAddress::node).distinct().count() < peers.size()) {
      throw new IllegalArgumentException("a node is twice among the peers " + peers);
    }
  }

  /** {@return a node that knows nobody yet, with its first storage, plain text on loopback} */
  public static PeerSettings of(long clusterId, long node, InetSocketAddress listen) {
    return new PeerSettings(
        clusterId,
        new Self(node, 0),
        listen,
        List.of(),
        Optional.empty(),
        PlainText.LOOPBACK,
        Limits.defaults());
  }

  /** {@return this with another storage} */
  public PeerSettings withIncarnation(long incarnation) {
    Self other = new Self(self.node, incarnation);
    return new PeerSettings(clusterId, other, listen, peers, tls, plainText, limits);
  }

  /** {@return this with other peers} */
  public PeerSettings with(List<PeerAddress> other) {
    return new PeerSettings(clusterId, self, listen, other, tls, plainText, limits);
  }

  /** {@return this with certificates} */
  public PeerSettings with(TlsFiles files) {
    return new PeerSettings(clusterId, self, listen, peers, Optional.of(files), plainText, limits);
  }

  /** {@return this with plain text allowed elsewhere} */
  public PeerSettings with(PlainText other) {
    return new PeerSettings(clusterId, self, listen, peers, tls, other, limits);
  }

  /** {@return this with other limits} */
  public PeerSettings with(Limits other) {
    return new PeerSettings(clusterId, self, listen, peers, tls, plainText, other);
  }
}
