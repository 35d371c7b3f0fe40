package io.khonsu;

/** Is told what commits change: see {@link Khonsu#watch}. */
@FunctionalInterface
public interface ChangeListener {
  /**
   * A commit has changed something. Called for one commit after another on a virtual thread, with
   * no lock held: it may take its time, and run transactions. If it does not keep up, commits wait
   * for it until they exceed {@link StoreConfig#watchBacklogBytes}.
   *
   * @throws Exception to end the watch; that commit counts as not delivered
   */
  void onCommit(CommitChanges changes) throws Exception;

  /**
   * The watch has ended otherwise than by being closed; nothing follows.
   *
   * @param cause a {@link WatchEndedException} if it fell behind or {@link #onCommit} threw, a
   *     {@link TableDroppedException}, a {@link StoreClosedException}, or a {@link
   *     StorageException} as the store has stopped
   */
  default void onEnd(RuntimeException cause) {}
}
