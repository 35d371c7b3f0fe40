package io.khonsu.benchmarks;

/** What threads did and used up. Confined to one thread at a time. */
final class Work {
  long commits;

  /** Tries that failed and were followed by another. */
  long retries;

  /** Transactions that the contender gave up. */
  long failures;

  /** By how much the sum of all items has changed. */
  long changed;

  /** Of the threads themselves, without the collector's. */
  long cpuNanos;

  /** By the threads themselves, on the heap. */
  long allocatedBytes;

  void add(Work other) {
    commits += other.commits;
    retries += other.retries;
    failures += other.failures;
    changed += other.changed;
    cpuNanos += other.cpuNanos;
    allocatedBytes += other.allocatedBytes;
  }
}
