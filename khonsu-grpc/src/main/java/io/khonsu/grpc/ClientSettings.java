package io.khonsu.grpc;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;

/**
 * How a node listens for clients.
 *
 * @param clusterId of the node; certificates of clients name it
 * @param listen where; port 0 takes one that is free
 * @param tls the node's certificate, and the authorities of clients; empty for plain text
 * @param plainText where plain text is allowed
 * @param limits how much may be under way
 */
public record ClientSettings(
    long clusterId,
    InetSocketAddress listen,
    Optional<TlsFiles> tls,
    PlainText plainText,
    Limits limits) {

  /**
   * How much may be under way.
   *
   * @param questionBytesMax the largest question, 17 MiB; it must be above the cluster's largest
   *     request to commit
   * @param callsMax how many questions may be under way by calls of their own, 256; beyond, clients
   *     ask another node, or again
   * @param bytesMax how many bytes of questions and answers may be under way, 256 MiB; beyond, as
   *     for callsMax
   * @param questionTimeout a question must be here whole so long after its call began, 5 s
   */
  public record Limits(int questionBytesMax, int callsMax, int bytesMax, Duration questionTimeout) {
    /** Checks the ranges. */
    public Limits {
      if (questionBytesMax < 1 || callsMax < 1 || bytesMax < questionBytesMax) {
        throw new IllegalArgumentException(
            "questionBytesMax and callsMax must be positive, and bytesMax not below the first, but are %d, %d and %d"
                .formatted(questionBytesMax, callsMax, bytesMax));
      }
      if (questionTimeout.isNegative() || questionTimeout.isZero()) {
        throw new IllegalArgumentException(
            "questionTimeout must be positive, but is " + questionTimeout);
      }
    }

    /** {@return the defaults, which are in the description of each setting} */
    public static Limits defaults() {
      return new Limits(17 << 20, 256, 256 << 20, Duration.ofSeconds(5));
    }
  }

  /** Checks that nothing is missing. */
  public ClientSettings {
    Objects.requireNonNull(listen, "listen");
    Objects.requireNonNull(tls, "tls");
    Objects.requireNonNull(plainText, "plainText");
    Objects.requireNonNull(limits, "limits");
  }

  /** {@return settings for plain text on loopback} */
  public static ClientSettings of(long clusterId, InetSocketAddress listen) {
    return new ClientSettings(
        clusterId, listen, Optional.empty(), PlainText.LOOPBACK, Limits.defaults());
  }
}
