package io.khonsu;

import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/** The contention listeners of a store. Thread-safe. */
final class ContentionListeners {
  /** Each has a thread and a queue. */
  static final int COUNT_MAX = 16;

  private final List<Delivery> deliveries = new CopyOnWriteArrayList<>();
  private boolean closed;

  synchronized ListenerHandle add(ContentionListener listener) {
    Objects.requireNonNull(listener, "listener");
    if (closed) {
      throw new StoreClosedException();
    }
    if (deliveries.size() == COUNT_MAX) {
      throw new IllegalStateException(
          "there are %d contention listeners, no more are allowed: close one".formatted(COUNT_MAX));
    }
    Delivery delivery = new Delivery(listener, this);
    deliveries.add(delivery);
    delivery.start();
    return delivery;
  }

  synchronized void remove(Delivery delivery) {
    var _ = deliveries.remove(delivery);
  }

  void publish(Consumer<ContentionListener> event) {
    for (Delivery delivery : deliveries) {
      delivery.offer(event);
    }
  }

  /** Takes no more events; those that wait are still delivered. */
  synchronized void close() {
    closed = true;
    deliveries.forEach(Delivery::drain);
  }
}
