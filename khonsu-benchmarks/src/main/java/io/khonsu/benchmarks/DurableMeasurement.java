package io.khonsu.benchmarks;

/** What was measured of one contender with values of one size by so many threads. */
final class DurableMeasurement extends Rounds {
  private final DurablePeer peer;
  private final int valueBytes;
  private final int threads;

  DurableMeasurement(DurablePeer peer, int valueBytes, int threads) {
    this.peer = peer;
    this.valueBytes = valueBytes;
    this.threads = threads;
  }

  DurablePeer peer() {
    return peer;
  }

  int valueBytes() {
    return valueBytes;
  }

  int threads() {
    return threads;
  }

  /** {@return size and threads for people} */
  String setting() {
    String size = valueBytes < 1024 ? valueBytes + " B" : valueBytes / 1024 + " KiB";
    return size + ", " + Units.threads(threads);
  }
}
