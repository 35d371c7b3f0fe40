package io.khonsu.benchmarks;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.rocksdb.OptimisticTransactionDB;
import org.rocksdb.Options;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.Transaction;
import org.rocksdb.WriteOptions;

/**
 * RocksDB's optimistic transactions, each commit synced; it groups the commits of several threads
 * itself, and may do so up to a size that fits large values.
 */
final class RocksDurable implements DurableContender {
  private static final long MEMTABLE_BYTES = 128L << 20;
  private static final long GROUP_BYTES = 32L << 20;

  static {
    RocksDB.loadLibrary();
  }

  private final Options options =
      new Options()
          .setCreateIfMissing(true)
          .setWriteBufferSize(MEMTABLE_BYTES)
          .setMaxWriteBatchGroupSizeBytes(GROUP_BYTES);
  private final WriteOptions synced = new WriteOptions().setSync(true);
  private final OptimisticTransactionDB db;

  RocksDurable(Path directory) throws RocksDBException {
    db = OptimisticTransactionDB.open(options, directory.toString());
  }

  @Override
  public Session open() {
    return new RocksSession();
  }

  @Override
  public byte[] read(int item) throws RocksDBException {
    return db.get(key(item));
  }

  @Override
  public void close() {
    db.close();
    synced.close();
    options.close();
  }

  private static byte[] key(int item) {
    return ByteBuffer.allocate(Integer.BYTES).putInt(item).array();
  }

  /** One thread's transactions, each made of the one before. */
  private final class RocksSession implements Session {
    private Transaction transaction = db.beginTransaction(synced);

    @Override
    public void commit(int item, byte[] value) throws RocksDBException {
      transaction = db.beginTransaction(synced, transaction);
      transaction.putUntracked(key(item), value);
      transaction.commit();
    }

    @Override
    public void close() {
      transaction.close();
    }
  }
}
