package io.khonsu.grpc;

/**
 * A node on another machine would be called in plain text, and nobody said that it may. Give all
 * nodes certificates, or addresses on loopback, or {@link PlainText#ANYWHERE}.
 */
public final class InsecurePeerException extends IllegalArgumentException {
  private static final long serialVersionUID = 1;

  InsecurePeerException(Object peer) {
    super(
        "without TLS, what is sent to %s could be read and changed on its way: give all nodes certificates, or allow plain text anywhere"
            .formatted(peer));
  }
}
