package io.khonsu;

import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says how far the opening of a store has got, when that takes long, or what is read much later as
 * the state of another node. Not thread-safe.
 */
final class OpeningProgress {
  private static final Logger LOG = LoggerFactory.getLogger(OpeningProgress.class);
  private static final long EVERY_NANOS = TimeUnit.SECONDS.toNanos(2);

  /** The clock is looked at once for so many steps. */
  private static final int STEPS_PER_LOOK = 256;

  private final LongSupplier nanoClock;
  private final long begun;
  private long nextLine;
  private long lines;
  private long items;
  private long commits;

  OpeningProgress(LongSupplier nanoClock) {
    this.nanoClock = nanoClock;
    this.begun = nanoClock.getAsLong();
    this.nextLine = begun + EVERY_NANOS;
  }

  /** An item of the state was loaded. */
  void item() {
    items++;
    look();
  }

  /** A commit of the log was replayed. */
  void commit() {
    commits++;
    look();
  }

  long lines() {
    return lines;
  }

  private void look() {
    if ((items + commits) % STEPS_PER_LOOK == 0) {
      long now = nanoClock.getAsLong();
      if (now - nextLine >= 0) {
        nextLine = now + EVERY_NANOS;
        lines++;
        LOG.atInfo()
            .addKeyValue("itemsLoaded", items)
            .addKeyValue("commitsReplayed", commits)
            .addKeyValue("seconds", TimeUnit.NANOSECONDS.toSeconds(now - begun))
            .log("reading what was committed");
      }
    }
  }
}
