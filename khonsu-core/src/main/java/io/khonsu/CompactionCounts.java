package io.khonsu;

import java.util.concurrent.atomic.LongAdder;

/** What compaction has done. Thread-safe. */
final class CompactionCounts {
  private final LongAdder batchesWritten = new LongAdder();
  private final LongAdder bytesWritten = new LongAdder();
  private final LongAdder rowsMoved = new LongAdder();
  private final LongAdder batchesFreed = new LongAdder();
  private final LongAdder bytesFreed = new LongAdder();
  private final LongAdder failures = new LongAdder();

  void written(long sizeBytes, int rows) {
    batchesWritten.increment();
    bytesWritten.add(sizeBytes);
    rowsMoved.add(rows);
  }

  void freed(long sizeBytes) {
    batchesFreed.increment();
    bytesFreed.add(sizeBytes);
  }

  void failed() {
    failures.increment();
  }

  long rowsMoved() {
    return rowsMoved.sum();
  }

  StoreStatistics.Compaction statistics() {
    return new StoreStatistics.Compaction(
        batchesWritten.sum(),
        bytesWritten.sum(),
        rowsMoved.sum(),
        batchesFreed.sum(),
        bytesFreed.sum(),
        failures.sum());
  }
}
