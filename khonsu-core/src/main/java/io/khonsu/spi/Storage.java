package io.khonsu.spi;

import java.io.IOException;
import java.util.List;

/**
 * Keeps committed changes of record batches, atomically and in the order of their versions, and
 * gives them back. Knows nothing of transactions.
 *
 * <p>One store uses a storage at a time: first {@link #readState} and {@link #replay}, then {@link
 * #commit} from one thread, at last {@link #close}. Every implementation passes {@code
 * StorageContract}, which is published with the tests of khonsu-core.
 */
public interface Storage extends AutoCloseable {
  /**
   * Does what can be done for a commit before its turn comes, as encoding it. Called by the thread
   * that commits, at most once, and not for every commit. Does nothing unless overridden.
   *
   * @throws IllegalArgumentException if it cannot be kept: {@link #commit} would refuse it, too
   */
  default void prepare(CommittedTransaction commit) {}

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
   * Hands over the state that commits have left which are not replayed any more.
   *
   * @return what is in it; none unless overridden
   * @throws DamagedStorageException if what is there is not what was written
   * @throws IOException if it cannot be read now
   */
  default StateReceiver.Extent readState(StateReceiver receiver) throws IOException {
    return StateReceiver.Extent.NONE;
  }

  /**
   * Hands over all that was persisted and is not in the state, oldest first, each commit whole.
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
