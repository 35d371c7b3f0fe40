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
public interface CommitLog extends CommitHistory, AutoCloseable {
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
   * Lets go of records, oldest first, up to a version but for the newest record, which always
   * stays. Disk space is given back in larger steps.
   */
  void trim(long upToVersion) throws IOException;

  /** {@return about how many bytes of disk it takes} */
  long sizeBytes() throws IOException;

  /** Syncs, and releases what it holds. Closing twice does nothing. */
  @Override
  void close() throws IOException;
}
