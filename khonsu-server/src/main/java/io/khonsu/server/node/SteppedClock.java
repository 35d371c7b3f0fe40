package io.khonsu.server.node;

import java.time.Instant;
import java.time.InstantSource;

/** The system's time of day, which can be set wrong to try what happens. Thread-safe. */
final class SteppedClock implements InstantSource {
  private volatile long aheadMillis;

  /** Sets how far it is ahead of the system's; behind, if negative. */
  void setAhead(long millis) {
    aheadMillis = millis;
  }

  @Override
  public Instant instant() {
    return InstantSource.system().instant().plusMillis(aheadMillis);
  }

  @Override
  public long millis() {
    return InstantSource.system().millis() + aheadMillis;
  }
}
