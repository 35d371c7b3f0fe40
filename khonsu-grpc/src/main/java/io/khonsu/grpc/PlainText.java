package io.khonsu.grpc;

/** Where a listener without TLS may be reached. */
public enum PlainText {
  /** From this machine alone. */
  LOOPBACK,
  /** From anywhere: whoever reaches the port can read and change everything. */
  ANYWHERE
}
