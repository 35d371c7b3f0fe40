package io.khonsu.benchmarks;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Deque;
import java.util.concurrent.ConcurrentLinkedDeque;
import org.jspecify.annotations.Nullable;
import org.rocksdb.OptimisticTransactionDB;
import org.rocksdb.OptimisticTransactionOptions;
import org.rocksdb.Options;
import org.rocksdb.ReadOptions;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.Snapshot;
import org.rocksdb.Status;
import org.rocksdb.Transaction;
import org.rocksdb.UInt64AddOperator;
import org.rocksdb.WriteOptions;

/**
 * RocksDB's optimistic transactions, with a log that is not synced. What a writing transaction
 * reads is validated when it commits ({@code getForUpdate}), ranges are not; reading ones take a
 * snapshot of the store, which costs less than a transaction. The memtables are large, as
 * validation looks for newer writes in them.
 */
final class RocksContender implements Contender {
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final long MEMTABLE_BYTES = 128L << 20;

  static {
    RocksDB.loadLibrary();
  }

  private final KeyNames names;
  private final Path directory;
  private final Deque<AutoCloseable> toClose = new ConcurrentLinkedDeque<>();
  private final OptimisticTransactionDB db;
  private final WriteOptions unsynced = opened(new WriteOptions().setSync(false));
  private final OptimisticTransactionOptions latest = opened(new OptimisticTransactionOptions());
  private final OptimisticTransactionOptions asOfStart =
      opened(new OptimisticTransactionOptions().setSetSnapshot(true));

  RocksContender(KeyNames names) {
    this.names = names;
    try {
      directory = Files.createTempDirectory("khonsu-bench-rocksdb");
      Options options =
          opened(new Options())
              .setCreateIfMissing(true)
              .setMergeOperator(opened(new UInt64AddOperator()))
              .setWriteBufferSize(MEMTABLE_BYTES);
      db = opened(OptimisticTransactionDB.open(options, directory.toString()));
      for (int i = 0; i < names.count(); i++) {
        db.put(unsynced, names.bytes(i), encoded(i));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (RocksDBException e) {
      throw new IllegalStateException("cannot fill the database", e);
    }
  }

  @Override
  public Session open() {
    return new RocksSession();
  }

  @Override
  public @Nullable Long valueOf(int item) {
    try {
      return decoded(db.get(names.bytes(item)));
    } catch (RocksDBException e) {
      throw new IllegalStateException("cannot read item " + item, e);
    }
  }

  /** Only when no session is used any more. */
  @Override
  public void close() {
    try {
      while (!toClose.isEmpty()) {
        toClose.pop().close();
      }
      Directories.delete(directory);
    } catch (Exception e) {
      throw new IllegalStateException("cannot close the database", e);
    }
  }

  private <T extends AutoCloseable> T opened(T resource) {
    toClose.push(resource);
    return resource;
  }

  private static byte[] encoded(long value) {
    byte[] bytes = new byte[Long.BYTES];
    LONGS.set(bytes, 0, value);
    return bytes;
  }

  private static @Nullable Long decoded(byte @Nullable [] bytes) {
    return bytes == null ? null : (Long) (long) LONGS.get(bytes, 0);
  }

  /** One thread's transactions. */
  private final class RocksSession extends Session {
    private final ReadOptions newest = opened(new ReadOptions());
    private final ReadOptions past = opened(new ReadOptions());

    /** The running transaction, or the last one, which the next is made of. */
    private Transaction transaction = opened(db.beginTransaction(unsynced, latest));

    private boolean reading;
    private ReadOptions reads = newest;

    @Override
    long transact(Task task) {
      try {
        reading = task.isReadOnly();
        return reading ? read(task) : write(task);
      } catch (RocksDBException e) {
        throw new IllegalStateException("a RocksDB transaction failed for good", e);
      }
    }

    private long read(Task task) {
      Snapshot snapshot = db.getSnapshot();
      try {
        reads = past.setSnapshot(snapshot);
        return task.run(this);
      } finally {
        db.releaseSnapshot(snapshot);
      }
    }

    private long write(Task task) throws RocksDBException {
      boolean scans = task.shape().reading() == Shape.Reading.RANGES;
      for (int attempt = 0; ; attempt++) {
        transaction = db.beginTransaction(unsynced, scans ? asOfStart : latest, transaction);
        reads = scans ? past.setSnapshot(transaction.getSnapshot()) : newest;
        try {
          long result = task.run(this);
          transaction.commit();
          return result;
        } catch (RocksDBException e) {
          transaction.rollback();
          if (!isConflict(e)) {
            throw e;
          }
        }
        countRetries(1);
        Backoff.pause(attempt);
      }
    }

    private boolean isConflict(RocksDBException e) {
      Status status = e.getStatus();
      return status != null
          && (status.getCode() == Status.Code.Busy || status.getCode() == Status.Code.TryAgain);
    }

    @Override
    @Nullable Long find(int item) {
      try {
        return decoded(
            reading
                ? db.get(reads, names.bytes(item))
                : transaction.getForUpdate(reads, names.bytes(item), true));
      } catch (RocksDBException e) {
        throw new IllegalStateException("cannot read item " + item, e);
      }
    }

    @Override
    void set(int item, @Nullable Long value) {
      try {
        if (value == null) {
          transaction.delete(names.bytes(item));
        } else {
          transaction.put(names.bytes(item), encoded(value));
        }
      } catch (RocksDBException e) {
        throw new IllegalStateException("cannot write item " + item, e);
      }
    }

    @Override
    void add(int item, long delta) {
      try {
        transaction.mergeUntracked(names.bytes(item), encoded(delta));
      } catch (RocksDBException e) {
        throw new IllegalStateException("cannot add to item " + item, e);
      }
    }

    @Override
    long sum(int from, int rows) {
      try (RocksIterator rowsFound =
          reading ? db.newIterator(reads) : transaction.getIterator(reads)) {
        rowsFound.seek(names.bytes(from));
        long sum = 0;
        for (int row = 0; row < rows; row++) {
          sum += (long) LONGS.get(rowsFound.value(), 0);
          rowsFound.next();
        }
        rowsFound.status();
        return sum;
      } catch (RocksDBException e) {
        throw new IllegalStateException("cannot scan from item " + from, e);
      }
    }
  }
}
