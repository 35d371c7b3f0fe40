package io.khonsu.simulation;

import java.util.SplittableRandom;

/**
 * Directed links between replicas that lose, delay, duplicate and reorder messages and can be cut.
 * What is on its way when its link is cut is lost, as it is when a connection breaks.
 *
 * @param <M> messages
 */
final class Network<M> {
  /** What takes messages off the network. */
  interface Receiver<M> {
    /**
     * Takes a message.
     *
     * @param lives how often the sender and the receiver had started when it was sent
     */
    void receive(int from, int to, M message, long lives);
  }

  private final Scheduler scheduler;
  private final SplittableRandom random;
  private final Receiver<M> receiver;
  private final Links links = new Links();

  /** When the last message of each link arrives; a later one of a link in order is not earlier. */
  private final long[] lastArrival = new long[64 * 64];

  private NetworkFaults faults;
  private long sent;
  private long lost;
  private long duplicated;
  private long late;

  Network(
      Scheduler scheduler, SplittableRandom random, NetworkFaults faults, Receiver<M> receiver) {
    this.scheduler = scheduler;
    this.random = random;
    this.faults = faults;
    this.receiver = receiver;
  }

  Links links() {
    return links;
  }

  NetworkFaults faults() {
    return faults;
  }

  void setFaults(NetworkFaults newFaults) {
    faults = newFaults;
  }

  void send(int from, int to, M message, long lives) {
    sent++;
    if (!links.isUp(from, to) || happens(faults.loss())) {
      lost++;
      return;
    }
    deliverLater(from, to, message, lives);
    if (happens(faults.duplication())) {
      duplicated++;
      deliverLater(from, to, message, lives);
    }
  }

  long sent() {
    return sent;
  }

  /** {@return how many messages met a fault: lost, duplicated or delayed beyond the usual} */
  long faultsInjected() {
    return lost + duplicated + late;
  }

  private void deliverLater(int from, int to, M message, long lives) {
    long arrival = scheduler.now() + faults.delay();
    if (faults.jitter() > 0) {
      late++;
      arrival += random.nextLong(faults.jitter() + 1);
    }
    int link = from * 64 + to;
    if (faults.order() == NetworkFaults.Order.FIFO) {
      arrival = Math.max(arrival, lastArrival[link]);
    }
    lastArrival[link] = Math.max(lastArrival[link], arrival);
    scheduler.after(arrival - scheduler.now(), () -> arrive(from, to, message, lives));
  }

  private void arrive(int from, int to, M message, long lives) {
    if (links.isUp(from, to)) {
      receiver.receive(from, to, message, lives);
    } else {
      lost++;
    }
  }

  private boolean happens(double probability) {
    return probability > 0 && random.nextDouble() < probability;
  }
}
