package io.khonsu.distributed;

/** What became of a {@link Submission} at its place in the log, the same on every replica. */
public sealed interface Outcome {
  /**
   * A commit was decided, here or at an earlier place.
   *
   * @param answer what the store answers; nobody changes it
   */
  @SuppressWarnings("ArrayRecordComponent") // handed over, never compared
  record Decided(byte[] answer) implements Outcome {}

  /** A commit was not applied before its outcome was asked for, and never will be. */
  record NeverApplied() implements Outcome {}

  /** A session was opened. */
  record SessionOpened(long session) implements Outcome {}

  /** There is no such session: it has ended, and what it did is forgotten. */
  record NoSession() implements Outcome {}

  /** The session had said that it needs no outcome of this commit any more. */
  record Answered() implements Outcome {}

  /** Nothing came of it at this place, for it came too late or too much is open: send it again. */
  record Again() implements Outcome {}
}
