package io.khonsu.spi;

import java.io.IOException;
import java.util.List;

/**
 * Keeps committed changes of record batches, atomically and in the order of their versions, and
 * gives them back. Knows nothing of transactions.
 *
 * <p>One store uses a storage at a time: first {@link #replay}, then {@link #commit} from one
 * thread, at last {@link #close}. Every implementation passes {@code StorageContract}, which is
 * published with the tests of khonsu-core.
 */
public interface Storage extends AutoCloseable {
  /**
   * Persists commits: on return they are as durable as this storage promises.
   *
   * @param commits not empty, versions ascending and greater than all before; borrowed: the frames
   *     in them must not be changed, and may be kept
   * @throws UncertainOutcomeException if some of them may have been persisted: the store stops, and
   *     must be opened again
   * @throws IOException if none of them was persisted, now or later: the store goes on, and offers
   *     each alone to find the one to blame
   */
  void commit(List<CommittedTransaction> commits) throws IOException;

  /**
   * Hands over all that was persisted, oldest first, each commit whole.
   *
   * @throws DamagedStorageException if what is there is not what was written
   * @throws IOException if it cannot be read now
   */
  void replay(Receiver receiver) throws IOException;

  /** Releases what it holds; what was persisted stays. Closing twice does nothing. */
  @Override
  void close() throws IOException;

  /** Takes what is replayed. */
  @FunctionalInterface
  interface Receiver {
    /** One commit; versions ascend. */
    void accept(CommittedTransaction commit) throws IOException;
  }
}
