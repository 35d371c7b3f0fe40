package io.khonsu.spi;

import java.io.IOException;
import java.util.List;

/**
 * The encoded commits of one store, from the oldest that is still kept to the newest, in the order
 * of their versions, without a gap.
 *
 * <p>After a crash it holds a prefix of the records that were appended, at least those up to the
 * last synced append or {@link #sync}. What is lost or changed otherwise is found when it is opened
 * or read, and is a {@link DamagedStorageException} or a {@link StorageRefusedException}, never the
 * end of the log.
 *
 * <p>One thread appends; syncing, reading and trimming may happen on others at the same time. After
 * {@link #close} every call throws {@link IllegalStateException}. Every implementation passes
 * {@code CommitLogContract}, which is published with the tests of khonsu-core.
 */
public interface CommitLog extends AutoCloseable {
  /**
   * Appends records.
   *
   * @param records not empty, versions ascending and greater than all before; borrowed
   * @param sync when to return
   * @throws UncertainOutcomeException if some may be there after a crash: the log has stopped, and
   *     must be opened again
   * @throws IOException if none was appended: the log goes on
   */
  void append(List<LogRecord> records, KeyValueStore.Sync sync) throws IOException;

  /**
   * Returns when all that was appended before this call survives a power failure.
   *
   * @throws UncertainOutcomeException if that is not known: the log has stopped
   */
  void sync() throws IOException;

  /**
   * Hands over the records after a version, oldest first, up to what was appended before this call.
   *
   * @throws IllegalArgumentException if {@code afterVersion} is before what was trimmed
   * @throws DamagedStorageException if a record is not what was appended, or is missing
   * @throws IOException what the receiver throws, or if the log cannot be read
   */
  void read(long afterVersion, Receiver receiver) throws IOException;

  /**
   * Lets go of records, oldest first, up to a version but for the newest record, which always
   * stays. Disk space is given back in larger steps.
   */
  void trim(long upToVersion) throws IOException;

  /** {@return the version after which all records are kept; 0 if none was trimmed} */
  long trimmedVersion();

  /** {@return the version of the newest record, or 0 if there is none} */
  long lastVersion();

  /** {@return the newest version that is known to survive a power failure, or 0} */
  long syncedVersion();

  /** {@return about how many bytes of disk it takes} */
  long sizeBytes() throws IOException;

  /** Syncs, and releases what it holds. Closing twice does nothing. */
  @Override
  void close() throws IOException;

  /** Takes what is read. */
  @FunctionalInterface
  interface Receiver {
    /** One record; versions ascend. It may end reading by throwing. */
    void accept(LogRecord record) throws IOException;
  }
}
