package io.khonsu.mvcc;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Loads what is going to be looked at, of many chains at a time. Chains and versions lie anywhere
 * in memory, and who goes from one to the next waits for each; loads that do not depend on one
 * another are waited for together.
 *
 * @param <V> the type of values
 */
final class Prefetch<V> {
  /** Versions in a chain that are loaded: more are seldom there. */
  private static final int VERSIONS = 3;

  private final KeyTable<V> table;
  private final ValueLifecycle<V> lifecycle;

  /** Written with what was loaded, so that no compiler leaves the loads out. */
  @SuppressWarnings("UnusedVariable")
  private long loaded;

  Prefetch(KeyTable<V> table, ValueLifecycle<V> lifecycle) {
    this.table = table;
    this.lifecycle = lifecycle;
  }

  /** Looks up what write sets change, and loads the newest versions and their values. */
  void ofWrites(List<WriteSet<V>> coming) {
    int size = 0;
    for (WriteSet<V> writes : coming) {
      size += writes.size();
    }
    Chain<V>[] chains = KeyTable.newChains(size);
    int found = 0;
    for (WriteSet<V> writes : coming) {
      for (int i = 0; i < writes.size(); i++) {
        Chain<V> chain = table.resolve(writes.key(i));
        if (chain != null) {
          writes.setKey(i, chain);
          chains[found++] = chain;
        }
      }
    }
    @Nullable Version<V>[] heads = heads(chains, found);
    long sum = 0;
    for (int i = 0; i < found; i++) {
      Version<V> head = heads[i];
      V value = head == null ? null : head.value();
      sum += head == null || value == null ? 0 : lifecycle.sizeBytes(value, head.index());
    }
    loaded = sum;
  }

  /** Loads the versions of chains, the first few of each. */
  void versionsOf(Chain<V>[] chains, int count) {
    @Nullable Version<V>[] versions = heads(chains, count);
    long sum = 0;
    for (int depth = 0; depth < VERSIONS; depth++) {
      for (int i = 0; i < count; i++) {
        Version<V> newer = versions[i];
        if (newer != null) {
          sum += newer.version;
          versions[i] = newer.older();
        }
      }
    }
    loaded = sum;
  }

  private static <V> @Nullable Version<V>[] heads(Chain<V>[] chains, int count) {
    @Nullable Version<V>[] heads = Committing.newVersions(count);
    for (int i = 0; i < count; i++) {
      heads[i] = chains[i].head();
    }
    return heads;
  }
}
