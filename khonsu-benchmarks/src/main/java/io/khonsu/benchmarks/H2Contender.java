package io.khonsu.benchmarks;

import java.util.HashSet;
import java.util.function.ToLongFunction;
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

/**
 * H2's transaction store in memory, at SNAPSHOT: it has no level that is serializable in truth. An
 * item that is read to be written back is locked first, which is H2's own {@code SELECT ... FOR
 * UPDATE} and spares it all retries. Two items are written in ascending order, so that nobody waits
 * in a circle.
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
      map.put(KeyNames.fresh(i), (long) i);
    }
    filling.commit();
    snapshotMaps.add(untyped(map.map));
  }

  @Override
  public Session open() {
    return new H2Session();
  }

  @Override
  public long valueOf(int item) {
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
  private final class H2Session implements Session {
    private long retries;

    @Override
    public void readWrite(int read1, int read2, int write1, int write2) {
      run(
          IsolationLevel.SNAPSHOT,
          items -> {
            Long value = get(items, read1) + get(items, read2) + 1;
            items.put(names.string(Math.min(write1, write2)), value);
            items.put(names.string(Math.max(write1, write2)), value);
            return value;
          });
    }

    @Override
    public long readSum(int[] wanted, int from, int count) {
      return run(
          IsolationLevel.SNAPSHOT,
          items -> {
            long sum = 0;
            for (int i = from; i < from + count; i++) {
              sum += get(items, wanted[i]);
            }
            return sum;
          });
    }

    @Override
    public void increment(int item) {
      run(
          IsolationLevel.READ_COMMITTED,
          items -> {
            String name = names.string(item);
            Long value = items.lock(name) + 1;
            items.put(name, value);
            return value;
          });
    }

    @Override
    public void writePair(int item1, int item2, long value) {
      Long boxed = value;
      run(
          IsolationLevel.SNAPSHOT,
          items -> {
            items.put(names.string(Math.min(item1, item2)), boxed);
            items.put(names.string(Math.max(item1, item2)), boxed);
            return value;
          });
    }

    @Override
    public long retries() {
      return retries;
    }

    private long get(TransactionMap<String, Long> items, int item) {
      return Contender.required(items.get(names.string(item)));
    }

    private long run(IsolationLevel level, ToLongFunction<TransactionMap<String, Long>> body) {
      for (int attempt = 0; ; attempt++) {
        Transaction transaction = transactions.begin(NO_LISTENER, LOCK_TIMEOUT_MILLIS, 0, level);
        try {
          long result = body.applyAsLong(items(transaction, level));
          transaction.commit();
          return result;
        } catch (MVStoreException e) {
          transaction.rollback();
          if (e.getErrorCode() != DataUtils.ERROR_TRANSACTION_LOCKED
              && e.getErrorCode() != DataUtils.ERROR_TRANSACTIONS_DEADLOCK) {
            throw e;
          }
        }
        retries++;
        Backoff.pause(attempt);
      }
    }

    private TransactionMap<String, Long> items(Transaction transaction, IsolationLevel level) {
      TransactionMap<String, Long> items = map.getInstance(transaction);
      if (level == IsolationLevel.SNAPSHOT) {
        transaction.markStatementStart(snapshotMaps);
      }
      return items;
    }
  }
}
