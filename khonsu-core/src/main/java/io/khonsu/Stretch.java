package io.khonsu;

import io.khonsu.internal.arrow.BatchSchema;
import io.khonsu.internal.arrow.Gather;
import io.khonsu.mvcc.Key;
import io.khonsu.mvcc.Version;
import java.util.ArrayList;
import java.util.List;

/**
 * Rows that are neighbours in key order, with where they lie: in how many runs, which are
 * consecutive rows of one batch. Not thread-safe.
 */
final class Stretch {
  private final List<Key> keys = new ArrayList<>();
  private final List<Version<StoredValue>> versions = new ArrayList<>();
  private int runs;
  private long sizeBytes;
  private long nativeBytes;
  private boolean freesMemory;

  int rowCount() {
    return keys.size();
  }

  /** {@return about how many bytes the rows take} */
  long sizeBytes() {
    return sizeBytes;
  }

  /** {@return how many of these lie outside the heap now} */
  long nativeBytes() {
    return nativeBytes;
  }

  List<Key> keys() {
    return keys;
  }

  List<Version<StoredValue>> versions() {
    return versions;
  }

  void beginRun() {
    runs++;
  }

  void add(Key key, Version<StoredValue> version, StoredBatch batch) {
    keys.add(key);
    versions.add(version);
    sizeBytes += batch.rowBytes();
    nativeBytes += batch.isLarge() ? batch.rowBytes() : 0;
    freesMemory |= batch.isSparse();
  }

  /** Takes the last run out again. */
  void dropRun(int rows, StoredBatch batch) {
    keys.subList(keys.size() - rows, keys.size()).clear();
    versions.subList(versions.size() - rows, versions.size()).clear();
    sizeBytes -= rows * batch.rowBytes();
    nativeBytes -= batch.isLarge() ? rows * batch.rowBytes() : 0;
    runs--;
  }

  /** {@return whether its runs are shorter than {@code runRows} on average, or hold much memory} */
  boolean isWorthMoving(int runRows) {
    return rowCount() > 0 && (freesMemory || (runs > 1 && (long) runs * runRows > rowCount()));
  }

  /** {@return the rows in their order; valid as long as their batches are pinned} */
  Gather gather(BatchSchema schema, Pins pins) {
    Gather gather = new Gather(schema);
    for (Version<StoredValue> version : versions) {
      gather.add(pins.add(Reading.storedOf(version)), version.index(), 1);
    }
    return gather;
  }
}
