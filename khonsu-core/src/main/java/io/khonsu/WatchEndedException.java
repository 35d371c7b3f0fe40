package io.khonsu;

import org.jspecify.annotations.Nullable;

/**
 * A watch was ended before its time: watch again from {@link #resumeVersion}, if that is still
 * inside the retention; otherwise read a snapshot, and watch from its version.
 */
public final class WatchEndedException extends StoreException {
  private static final long serialVersionUID = 1L;

  /** Why it ended. */
  public enum Reason {
    /** More than {@link StoreConfig#watchBacklogBytes} of history were waiting for it. */
    FELL_BEHIND,
    /** Its listener threw what is the cause of this exception. */
    LISTENER_FAILED
  }

  private final Reason reason;
  private final long resumeVersion;

  WatchEndedException(Reason reason, long resumeVersion, @Nullable Throwable cause) {
    super(
        Retry.SAME_CALL_LATER,
        switch (reason) {
              case FELL_BEHIND -> "the watch fell behind by more than watchBacklogBytes";
              case LISTENER_FAILED -> "the listener of the watch threw " + cause;
            }
            + ": watch again from version "
            + resumeVersion,
        cause);
    this.reason = reason;
    this.resumeVersion = resumeVersion;
  }

  /** {@return why it ended} */
  public Reason reason() {
    return reason;
  }

  /** {@return the version up to which everything was delivered} */
  public long resumeVersion() {
    return resumeVersion;
  }
}
