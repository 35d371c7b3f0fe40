package io.khonsu.benchmarks;

import java.nio.file.Path;
import org.h2.mvstore.MVStore;
import org.h2.mvstore.tx.Transaction;
import org.h2.mvstore.tx.TransactionMap;
import org.h2.mvstore.tx.TransactionStore;
import org.h2.mvstore.type.ByteArrayDataType;
import org.h2.mvstore.type.IntegerDataType;
import org.h2.mvstore.type.MetaType;

/**
 * H2's transaction store on a file. It writes and syncs what was committed only when told to; here
 * threads share that.
 */
final class H2Durable implements DurableContender {
  private static final int LOCK_TIMEOUT_MILLIS = 2_000;

  private final MVStore store;
  private final TransactionStore transactions;
  private final TransactionMap<Integer, byte[]> map;
  private final GroupSync group = new GroupSync(this::writeAndSync);

  H2Durable(Path directory) {
    store =
        new MVStore.Builder()
            .fileName(directory.resolve("store.mv").toString())
            .autoCommitDisabled()
            .open();
    transactions =
        new TransactionStore(
            store, new MetaType<>(null, null), ByteArrayDataType.INSTANCE, LOCK_TIMEOUT_MILLIS);
    transactions.init();
    Transaction opening = transactions.begin();
    map = opening.openMap("items", IntegerDataType.INSTANCE, ByteArrayDataType.INSTANCE);
    opening.commit();
  }

  @Override
  public Session open() {
    return (item, value) -> {
      Transaction transaction = transactions.begin();
      map.getInstance(transaction).put(item, value.clone());
      transaction.commit();
      group.await();
    };
  }

  @Override
  public byte[] read(int item) {
    return map.getImmediate(item);
  }

  @Override
  public void close() {
    store.close();
  }

  private void writeAndSync() {
    var _ = store.commit();
    store.sync();
  }
}
