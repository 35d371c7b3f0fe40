package io.khonsu;

import java.util.Optional;

/** A listener that was added to a store. Close it to remove it. Thread-safe. */
public sealed interface ListenerHandle extends AutoCloseable permits Delivery {
  /**
   * {@return how many events the listener was not given, because it was too slow and they did not
   * fit the queue, because it had failed, or because it was removed first}
   */
  long missed();

  /** {@return what the listener threw, if it did; it was removed then} */
  Optional<Throwable> failure();

  /**
   * Removes the listener. A call of it that is under way goes on, no other begins. Closing twice
   * does nothing.
   */
  @Override
  void close();
}
