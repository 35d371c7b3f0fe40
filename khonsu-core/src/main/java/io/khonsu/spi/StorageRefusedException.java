package io.khonsu.spi;

import java.io.IOException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A storage is not opened, though it is not damaged: the message says why, and what to do. */
public final class StorageRefusedException extends IOException {
  private static final long serialVersionUID = 1L;

  private final Reason reason;

  /** Why a storage is not opened. */
  public enum Reason {
    /** Commits that were acknowledged are missing: a log or a file was lost, or cut short. */
    DATA_LOSS,
    /** Its parts belong to different stores. */
    FOREIGN_PART,
    /** Another process, or this one, has it open. */
    IN_USE,
    /** It was written by another version of the program, in a format that this one cannot read. */
    UNKNOWN_FORMAT,
    /** The directory holds something else. */
    NOT_A_STORE,
    /** The directory or a file in it cannot be written. */
    NOT_WRITABLE,
    /** The engine that it was written by is not on the class path. */
    MISSING_ENGINE
  }

  /** Creates an exception with what is wrong and what to do about it. */
  public StorageRefusedException(Reason reason, String message) {
    this(reason, message, null);
  }

  /** Creates an exception with what is wrong, what to do about it, and what showed it. */
  public StorageRefusedException(Reason reason, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.reason = Objects.requireNonNull(reason, "reason");
  }

  /** {@return why} */
  public Reason reason() {
    return reason;
  }
}
