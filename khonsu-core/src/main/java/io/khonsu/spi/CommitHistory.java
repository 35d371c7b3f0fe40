package io.khonsu.spi;

import java.io.IOException;

/**
 * Encoded commits to read, from the oldest that is still kept to the newest, in the order of their
 * versions, without a gap. Thread-safe.
 */
public interface CommitHistory {
  /**
   * Hands over the records after a version, oldest first, at least up to what was there before this
   * call.
   *
   * @throws IllegalArgumentException if {@code afterVersion} is before what was trimmed, or what
   *     comes next is trimmed meanwhile
   * @throws DamagedStorageException if a record is not what was appended, or is missing
   * @throws IOException what the receiver throws, or if the records cannot be read
   */
  void read(long afterVersion, Receiver receiver) throws IOException;

  /** {@return the version after which all records are kept; 0 if none was trimmed} */
  long trimmedVersion();

  /** {@return the version of the newest record, or 0 if there is none} */
  long lastVersion();

  /** {@return the newest version that is known to survive a power failure, or 0} */
  long syncedVersion();

  /** Takes what is read. */
  @FunctionalInterface
  interface Receiver {
    /** One record; versions ascend. It may end reading by throwing. */
    void accept(LogRecord record) throws IOException;
  }
}
