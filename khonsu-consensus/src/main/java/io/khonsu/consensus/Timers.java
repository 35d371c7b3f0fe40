package io.khonsu.consensus;

/** Counts ticks. */
final class Timers {
  private final ReplicaOptions options;
  private int election;
  private int resend;
  private int flush;
  private int tell;

  Timers(ReplicaOptions options) {
    this.options = options;
  }

  /** Everything was just sent. */
  void begin() {
    election = 0;
    resend = 0;
  }

  void tick() {
    election = election == options.electionTicks() ? 1 : election + 1;
    resend = resend == options.resendTicks() ? 1 : resend + 1;
    flush = flush == options.flushTicks() ? 1 : flush + 1;
    tell = tell >= options.tellTicks() ? 1 : tell + 1;
  }

  boolean isElectionDue() {
    return election == options.electionTicks();
  }

  boolean isResendDue() {
    return resend == options.resendTicks();
  }

  boolean isTellDue() {
    return tell >= options.tellTicks();
  }

  boolean isFlushDue() {
    return flush == options.flushTicks();
  }
}
