package io.khonsu.mvcc;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Chains with versions to unlink, in the order of the versions from which on they may be looked at.
 * A ring of two arrays, as it is written in every commit.
 */
class OverwrittenQueue<V> {
  private static final int INITIAL = 64;

  private @Nullable Chain<V>[] chains = KeyTable.newChains(INITIAL);
  private long[] versions = new long[INITIAL];
  private int first;
  private int size;

  int size() {
    return size;
  }

  void add(Chain<V> chain, long version) {
    if (size == versions.length) {
      grow();
    }
    int at = (first + size) & (versions.length - 1);
    chains[at] = chain;
    versions[at] = version;
    size++;
  }

  /** {@return the version of the first chain, or the greatest long if there is none} */
  long firstVersion() {
    return size == 0 ? Long.MAX_VALUE : versions[first];
  }

  /** Loads what is needed to look at the first chains up to a version, so many at most. */
  void prefetch(int most, long version, Prefetch<V> prefetch) {
    Chain<V>[] coming = KeyTable.newChains(Math.min(most, size));
    int count = 0;
    for (int at = first; count < coming.length && versions[at] <= version; ) {
      coming[count++] = Invariants.present(chains[at], "a queued chain");
      at = (at + 1) & (versions.length - 1);
    }
    prefetch.versionsOf(coming, count);
  }

  Chain<V> removeFirst() {
    Chain<V> chain = Invariants.present(chains[first], "a queued chain");
    chains[first] = null;
    first = (first + 1) & (versions.length - 1);
    size--;
    return chain;
  }

  private void grow() {
    int capacity = versions.length * 2;
    @Nullable Chain<V>[] wider = KeyTable.newChains(capacity);
    long[] widerVersions = new long[capacity];
    int untilEnd = versions.length - first;
    System.arraycopy(chains, first, wider, 0, untilEnd);
    System.arraycopy(chains, 0, wider, untilEnd, first);
    System.arraycopy(versions, first, widerVersions, 0, untilEnd);
    System.arraycopy(versions, 0, widerVersions, untilEnd, first);
    Arrays.fill(chains, null);
    chains = wider;
    versions = widerVersions;
    first = 0;
  }
}
