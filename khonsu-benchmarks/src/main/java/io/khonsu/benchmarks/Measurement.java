package io.khonsu.benchmarks;

import java.util.Locale;

/** What was measured of one contender under one load by so many threads. */
final class Measurement extends Rounds {
  private final Load load;
  private final Load.Part part;
  private final int threads;
  private final Peer peer;

  Measurement(Load load, Load.Part part, int threads, Peer peer) {
    this.load = load;
    this.part = part;
    this.threads = threads;
    this.peer = peer;
  }

  Load load() {
    return load;
  }

  Load.Part part() {
    return part;
  }

  /** {@return the name of the load, and of the part if it has several} */
  String id() {
    String suffix = part == Load.Part.ALL ? "" : "/" + part.name().toLowerCase(Locale.ROOT);
    return load.id() + suffix;
  }

  /** {@return the load for people, with the part if it has several} */
  String title() {
    String suffix = part == Load.Part.ALL ? "" : ": " + part.name().toLowerCase(Locale.ROOT);
    return load.title() + suffix;
  }

  int threads() {
    return threads;
  }

  Peer peer() {
    return peer;
  }
}
