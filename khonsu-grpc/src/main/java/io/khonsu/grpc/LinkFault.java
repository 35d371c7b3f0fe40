package io.khonsu.grpc;

/** What is wrong, on purpose, with the way from this node to another one. */
public enum LinkFault {
  /** Nothing. */
  NONE,
  /** Frames are lost without a sign; the session stays. */
  DROP,
  /** There is no session, and none can be opened. */
  CUT
}
