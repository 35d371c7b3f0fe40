package io.khonsu.grpc;

/** Where connections without TLS may come from, and go to. */
public enum PlainText {
  /** This machine alone. */
  LOOPBACK,
  /** Anywhere: whoever reaches the port, or is on the way, can read and change everything. */
  ANYWHERE
}
