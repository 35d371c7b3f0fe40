package io.khonsu.consensus;

import io.khonsu.consensus.deviation.Deviation;

/**
 * The place of a follower in its leader's stream. Every AcceptSync opens a session with counter 1,
 * every message after it counts on, so that what is lost or overtaken is noticed.
 */
final class Session {
  /** What a numbered message is. */
  enum Check {
    EXPECTED,
    OUTDATED,
    GAP
  }

  private final Core core;
  private long session;
  private long counter;

  Session(Core core) {
    this.core = core;
  }

  long session() {
    return session;
  }

  long counter() {
    return counter;
  }

  /** Another ballot: its sessions count from the beginning. */
  void reset() {
    session = 0;
    counter = 0;
  }

  void open(long newSession) {
    session = newSession;
    counter = 1;
  }

  /** {@return what the message with that number is; if it is expected, the session goes on} */
  Check check(long itsSession, long itsCounter) {
    if (core.deviates(Deviation.IGNORE_SEQUENCE_GAP)) {
      return Check.EXPECTED;
    }
    if (itsSession == session && itsCounter == counter + 1) {
      counter = itsCounter;
      return Check.EXPECTED;
    }
    return isPast(itsSession, itsCounter) ? Check.OUTDATED : Check.GAP;
  }

  /** {@return whether the message with that number was seen, or is not needed any more} */
  boolean isPast(long itsSession, long itsCounter) {
    return itsSession < session || (itsSession == session && itsCounter <= counter);
  }
}
