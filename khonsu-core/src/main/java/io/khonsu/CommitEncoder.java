package io.khonsu;

import io.khonsu.mvcc.CommitRecord;
import io.khonsu.mvcc.ConflictStrategy;
import io.khonsu.mvcc.WriteSet;
import io.khonsu.spi.CommittedTransaction;
import io.khonsu.spi.Mutation;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** Turns what a commit installed, or wants to install, into what a storage keeps. */
final class CommitEncoder {
  private final Catalog catalog;

  CommitEncoder(Catalog catalog) {
    this.catalog = catalog;
  }

  /**
   * {@return what a storage keeps of an unpublished commit} Takes no memory outside the heap, which
   * may be used up by then.
   *
   * @throws RuntimeException if it cannot be kept, as when its rows are too large for one frame
   */
  CommittedTransaction encode(CommitRecord<StoredValue> record) {
    EncodedChanges changes = new EncodedChanges(catalog);
    for (int i = 0; i < record.size(); i++) {
      changes.add(record.key(i), record.version(i));
    }
    return new CommittedTransaction(record.version(), record.transactionId(), changes.finish());
  }

  /**
   * {@return frozen writes by their strategies, without those that merge}
   *
   * @throws RuntimeException as for {@link #encode}
   */
  Map<ConflictStrategy, List<Mutation>> encode(WriteSet<StoredValue> writes) {
    Map<ConflictStrategy, EncodedChanges> byStrategy = new EnumMap<>(ConflictStrategy.class);
    for (int i = 0; i < writes.size(); i++) {
      if (!writes.isMerge(i)) {
        byStrategy
            .computeIfAbsent(writes.strategy(i), _ -> new EncodedChanges(catalog))
            .add(writes.key(i), writes.version(i));
      }
    }
    Map<ConflictStrategy, List<Mutation>> encoded = new EnumMap<>(ConflictStrategy.class);
    byStrategy.forEach((strategy, changes) -> encoded.put(strategy, changes.finish()));
    return encoded;
  }

  /**
   * {@return the batches that frozen writes append to what is committed}
   *
   * @throws RuntimeException as for {@link #encode}
   */
  List<Mutation> encodeAppends(WriteSet<StoredValue> writes) {
    EncodedChanges appends = null;
    for (int i = 0; i < writes.size(); i++) {
      if (writes.isMerge(i)) {
        appends = appends == null ? new EncodedChanges(catalog) : appends;
        appends.add(writes.key(i), writes.version(i));
      }
    }
    return appends == null ? List.of() : appends.finish();
  }
}
