package io.khonsu;

/**
 * A read-only view of one prefix of the commit order: it never aborts, never waits and keeps nobody
 * waiting. Open, it keeps the history that it sees; close it. Not for several threads at once.
 */
public sealed interface Snapshot extends ReadView, AutoCloseable permits OpenSnapshot {
  /**
   * Ends this view and releases what it returned. Closing twice does nothing.
   *
   * @throws ConcurrentUseException if another thread is inside a method; it stays open then
   */
  @Override
  void close();
}
