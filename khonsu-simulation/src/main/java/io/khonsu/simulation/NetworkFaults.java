package io.khonsu.simulation;

/**
 * What the network does to messages. Times are in units of {@link Scheduler#TICK} / 100.
 *
 * @param delay how long every message takes
 * @param jitter how much longer one takes at most
 * @param order whether a link delivers in the order of sending, as one connection does
 * @param loss the share of messages that is lost
 * @param duplication the share that arrives twice
 * @param pastCrash whether a message outlives the crash of its sender or receiver
 */
record NetworkFaults(
    long delay, long jitter, Order order, double loss, double duplication, PastCrash pastCrash) {
  /** Whether messages on one link overtake each other. */
  enum Order {
    FIFO,
    ANY
  }

  /** Whether a message that was sent before its sender or receiver crashed can arrive after. */
  enum PastCrash {
    DROPPED,
    DELIVERED
  }

  /** Connections without faults: one tick, in order. */
  static final NetworkFaults NONE =
      new NetworkFaults(Scheduler.TICK, 0, Order.FIFO, 0, 0, PastCrash.DROPPED);

  NetworkFaults withDelay(long units) {
    return new NetworkFaults(units, jitter, order, loss, duplication, pastCrash);
  }

  NetworkFaults withLoss(double share) {
    return new NetworkFaults(delay, jitter, order, share, duplication, pastCrash);
  }

  NetworkFaults withDuplication(double share) {
    return new NetworkFaults(delay, jitter, order, loss, share, pastCrash);
  }

  NetworkFaults withReordering(long units) {
    return new NetworkFaults(delay, units, Order.ANY, loss, duplication, pastCrash);
  }

  NetworkFaults withDeliveryPastCrash() {
    return new NetworkFaults(delay, jitter, order, loss, duplication, PastCrash.DELIVERED);
  }
}
