package io.khonsu.grpc;

/**
 * A listener would be reached from other machines without TLS, and nobody said that it may. Give it
 * certificates, or an address on loopback, or {@link PlainText#ANYWHERE}.
 */
public final class InsecureListenerException extends IllegalArgumentException {
  private static final long serialVersionUID = 1;

  InsecureListenerException(String message) {
    super(message);
  }
}
