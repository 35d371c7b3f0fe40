package io.khonsu.benchmarks;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A store on disk whose commits survive a power failure when they return. */
interface DurableContender extends AutoCloseable {
  /** {@return a way in for one thread, which it closes} */
  Session open() throws Exception;

  /** {@return the last value of an item, or null where a contender cannot read} */
  byte @Nullable [] read(int item) throws Exception;

  @Override
  void close() throws IOException;

  /** One thread's way in. */
  interface Session extends AutoCloseable {
    /** Writes one item in a transaction of its own; returns when it is durable. */
    void commit(int item, byte[] value) throws Exception;

    @Override
    default void close() throws IOException {}
  }
}
