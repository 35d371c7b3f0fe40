package io.khonsu.benchmarks;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Iterator;
import java.util.Map;
import org.h2.engine.IsolationLevel;
import org.h2.mvstore.DataUtils;
import org.h2.mvstore.MVMap;
import org.h2.mvstore.MVStore;
import org.h2.mvstore.MVStoreException;
import org.h2.mvstore.tx.Transaction;
import org.h2.mvstore.tx.TransactionMap;
import org.h2.mvstore.tx.TransactionStore;
import org.h2.mvstore.type.LongDataType;
import org.h2.mvstore.type.MetaType;
import org.h2.mvstore.type.StringDataType;
import org.h2.value.VersionedValue;
import org.jspecify.annotations.Nullable;

/**
 * H2's transaction store in memory, at SNAPSHOT: it has no level that is serializable in truth.
 * Items that are read to be written back are locked first, in ascending order, which is H2's own
 * {@code SELECT ... FOR UPDATE} and spares it all retries; the snapshot is taken after that. Where
 * these are all that a transaction reads, it needs no snapshot.
 */
final class H2Contender implements Contender {
  private static final int LOCK_TIMEOUT_MILLIS = 2_000;
  private static final TransactionStore.RollbackListener NO_LISTENER = (_, _, _, _) -> {};

  private final MVStore store = new MVStore.Builder().open();
  private final TransactionStore transactions =
      new TransactionStore(
          store, new MetaType<>(null, null), LongDataType.INSTANCE, LOCK_TIMEOUT_MILLIS);
  private final TransactionMap<String, Long> map;

  /** What a transaction takes its snapshot of. */
  private final HashSet<MVMap<Object, VersionedValue<Object>>> snapshotMaps = new HashSet<>();

  private final KeyNames names;

  H2Contender(KeyNames names) {
    this.names = names;
    transactions.init();
    Transaction filling = transactions.begin();
    this.map = filling.openMap("items", StringDataType.INSTANCE, LongDataType.INSTANCE);
    for (int i = 0; i < names.count(); i++) {
      map.put(names.fresh(i), (long) i);
    }
    filling.commit();
    snapshotMaps.add(untyped(map.map));
  }

  @Override
  public Session open() {
    return new H2Session();
  }

  @Override
  public @Nullable Long valueOf(int item) {
    return map.getImmediate(names.string(item));
  }

  @Override
  public void close() {
    store.closeImmediately();
  }

  @SuppressWarnings("unchecked") // H2 asks for maps of whatever type
  private static MVMap<Object, VersionedValue<Object>> untyped(Object map) {
    return (MVMap<Object, VersionedValue<Object>>) map;
  }

  /** One thread's transactions. */
  private final class H2Session extends Session {
    private TransactionMap<String, Long> items = map;

    @Override
    long transact(Task task) {
      boolean locks = task.shape().reading() == Shape.Reading.WRITTEN;
      IsolationLevel level =
          locks && task.count() == task.writes()
              ? IsolationLevel.READ_COMMITTED
              : IsolationLevel.SNAPSHOT;
      for (int attempt = 0; ; attempt++) {
        Transaction transaction = transactions.begin(NO_LISTENER, LOCK_TIMEOUT_MILLIS, 0, level);
        items = map.getInstance(transaction);
        try {
          if (locks) {
            lockWritten(task);
          }
          if (level == IsolationLevel.SNAPSHOT) {
            transaction.markStatementStart(snapshotMaps);
          }
          long result = task.run(this);
          transaction.commit();
          return result;
        } catch (MVStoreException e) {
          transaction.rollback();
          throwUnlessLocked(e);
        }
        countRetries(1);
        Backoff.pause(attempt);
      }
    }

    private void lockWritten(Task task) {
      int[] written = new int[task.writes()];
      Arrays.setAll(written, task::item);
      Arrays.sort(written);
      for (int item : written) {
        var _ = items.lock(names.string(item));
      }
    }

    private void throwUnlessLocked(MVStoreException e) {
      if (e.getErrorCode() != DataUtils.ERROR_TRANSACTION_LOCKED
          && e.getErrorCode() != DataUtils.ERROR_TRANSACTIONS_DEADLOCK) {
        throw e;
      }
    }

    @Override
    @Nullable Long find(int item) {
      return items.get(names.string(item));
    }

    @Override
    void set(int item, @Nullable Long value) {
      if (value == null) {
        items.remove(names.string(item));
      } else {
        items.put(names.string(item), value);
      }
    }

    @Override
    long sum(int from, int rows) {
      Iterator<Map.Entry<String, Long>> entries = items.entryIterator(names.string(from), null);
      long sum = 0;
      for (int row = 0; row < rows; row++) {
        sum += entries.next().getValue();
      }
      return sum;
    }
  }
}
