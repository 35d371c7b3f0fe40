package io.khonsu;

import java.util.Arrays;

/** Rows in order, as runs of consecutive rows of batches. Not thread-safe. */
final class FoundRows {
  private static final int INITIAL = 4;

  private StoredBatch[] batches = new StoredBatch[INITIAL];
  private int[] firstRows = new int[INITIAL];
  private int[] counts = new int[INITIAL];
  private int runCount;
  private long rowCount;

  /** Adds rows behind the others. */
  @SuppressWarnings("ReferenceEquality") // the same batch, not an equal one
  void add(StoredBatch batch, int firstRow, int count) {
    rowCount += count;
    int last = runCount - 1;
    if (last >= 0 && batches[last] == batch && firstRows[last] + counts[last] == firstRow) {
      counts[last] += count;
      return;
    }
    if (runCount == batches.length) {
      batches = Arrays.copyOf(batches, runCount * 2);
      firstRows = Arrays.copyOf(firstRows, runCount * 2);
      counts = Arrays.copyOf(counts, runCount * 2);
    }
    batches[runCount] = batch;
    firstRows[runCount] = firstRow;
    counts[runCount] = count;
    runCount++;
  }

  int runCount() {
    return runCount;
  }

  long rowCount() {
    return rowCount;
  }

  StoredBatch batch(int run) {
    return batches[run];
  }

  int firstRow(int run) {
    return firstRows[run];
  }

  int count(int run) {
    return counts[run];
  }
}
