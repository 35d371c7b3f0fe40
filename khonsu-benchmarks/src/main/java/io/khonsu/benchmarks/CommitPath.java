package io.khonsu.benchmarks;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * How a process commits on a cluster: as one of its nodes, or as a client. Items are written and
 * read by any thread.
 */
interface CommitPath extends AutoCloseable {
  /** {@return the number of the node that leads, as far as is known here, or 0} */
  int leader() throws Exception;

  /** Writes an item; returns when that is committed. */
  void commit(int item, byte[] value) throws Exception;

  /**
   * {@return what an item has, or null if nothing can be read}
   *
   * @throws IllegalStateException if there is no such item
   */
  byte @Nullable [] read(int item) throws Exception;

  @Override
  void close() throws IOException;

  /** {@return a value that must be there} */
  static byte[] present(int item, byte @Nullable [] value) {
    if (value == null) {
      throw new IllegalStateException("item " + item + " was lost");
    }
    return value;
  }
}
