package io.khonsu.benchmarks;

import io.khonsu.mvcc.BufferOptions;
import io.khonsu.mvcc.Certification;
import io.khonsu.mvcc.CommitRequest;
import io.khonsu.mvcc.CommitResult;
import io.khonsu.mvcc.ConflictStrategy;
import io.khonsu.mvcc.IsolationLevel;
import io.khonsu.mvcc.Key;
import io.khonsu.mvcc.KeyInterval;
import io.khonsu.mvcc.Merger;
import io.khonsu.mvcc.ReadSet;
import io.khonsu.mvcc.ScanVisitor;
import io.khonsu.mvcc.Snapshot;
import io.khonsu.mvcc.TxnBuffer;
import io.khonsu.mvcc.Version;
import io.khonsu.mvcc.WriteSet;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Khonsu's transaction buffer, SERIALIZABLE. Items are named by bytes that are made keys of each
 * time, by keys that the caller keeps as it keeps strings for a map, or by handles. As the store
 * does, a transaction that fails again and again goes through the gate.
 */
final class KhonsuContender implements Contender {
  private static final int IDS_PER_SESSION_BITS = 40;
  private static final int ATTEMPTS_BEFORE_GATE = 12;

  private final TxnBuffer<Long> buffer;
  private final AtomicLong sessions = new AtomicLong();
  private final KeyNames names;

  /** What names the items; null if keys are made of bytes each time. */
  private final Key @Nullable [] kept;

  private KhonsuContender(KeyNames names, Naming naming, Certification certification) {
    this.names = names;
    this.buffer =
        new TxnBuffer<>(
            BufferOptions.<Long>simple()
                .withMerger(Merger.adding())
                .withCertification(certification));
    fill();
    this.kept =
        switch (naming) {
          case BYTES -> null;
          case KEPT_KEY -> keys();
          case HANDLE -> refs();
        };
  }

  private enum Naming {
    BYTES,
    KEPT_KEY,
    HANDLE
  }

  static KhonsuContender byBytes(KeyNames names) {
    return new KhonsuContender(names, Naming.BYTES, Certification.OCC);
  }

  static KhonsuContender byKeptKey(KeyNames names) {
    return new KhonsuContender(names, Naming.KEPT_KEY, Certification.OCC);
  }

  static KhonsuContender byHandle(KeyNames names) {
    return new KhonsuContender(names, Naming.HANDLE, Certification.OCC);
  }

  static KhonsuContender byHandleCertifiedBySsn(KeyNames names) {
    return new KhonsuContender(names, Naming.HANDLE, Certification.SSN);
  }

  @Override
  public Session open() {
    return new KhonsuSession(sessions.incrementAndGet() << IDS_PER_SESSION_BITS);
  }

  @Override
  public @Nullable Long valueOf(int item) {
    try (Snapshot<Long> snapshot = buffer.snapshot()) {
      return value(buffer.get(key(item), snapshot));
    }
  }

  private void fill() {
    for (int i = 0; i < names.count(); i++) {
      try (Snapshot<Long> snapshot = buffer.snapshot()) {
        WriteSet<Long> writes = new WriteSet<>();
        writes.put(Key.of(names.bytes(i)), (long) i, 0, ConflictStrategy.FAIL);
        var _ = commit(1, snapshot, new ReadSet<>(), writes);
      }
    }
  }

  private Key[] keys() {
    Key[] made = new Key[names.countWithSpare()];
    Arrays.setAll(made, i -> Key.of(names.bytes(i)));
    return made;
  }

  private Key[] refs() {
    Key[] made = keys();
    Arrays.setAll(made, i -> buffer.ref(made[i]));
    return made;
  }

  private Key key(int item) {
    return kept == null ? buffer.key(names.bytes(item)) : kept[item];
  }

  private boolean commit(
      long transactionId, Snapshot<Long> snapshot, ReadSet<Long> reads, WriteSet<Long> writes) {
    return buffer.commit(
            new CommitRequest<>(
                transactionId, IsolationLevel.SERIALIZABLE, snapshot, reads, writes))
        instanceof CommitResult.Accepted;
  }

  private static @Nullable Long value(@Nullable Version<Long> version) {
    return version == null ? null : version.value();
  }

  /** Adds up the first rows of a scan. */
  private static final class Summing implements ScanVisitor<Long> {
    private long sum;
    private int left;
    private @Nullable Key last;

    private Summing(int rows) {
      this.left = rows;
    }

    @Override
    public void item(Key key, Version<Long> version) {
      if (left > 0) {
        sum += version.requireValue();
        left--;
        last = key;
      }
    }

    @Override
    public boolean wantsMore() {
      return left > 0;
    }

    /** {@return all keys up to the last row} */
    private KeyInterval seen(Key from) {
      if (left > 0 || last == null) {
        throw new AssertionError(left + " rows are missing");
      }
      return new KeyInterval(from, last.successor());
    }
  }

  /** One thread's transactions. */
  @SuppressWarnings("NullAway.Init") // a transaction's parts are set before its body runs
  private final class KhonsuSession extends Session {
    private long transactionId;
    private boolean reading;
    private Snapshot<Long> snapshot;
    private final ReadSet<Long> reads = new ReadSet<>();
    private WriteSet<Long> writes;
    private long result;

    private KhonsuSession(long firstId) {
      this.transactionId = firstId;
    }

    @Override
    long transact(Task task) {
      reading = task.isReadOnly();
      return reading ? read(task) : write(task);
    }

    private long read(Task task) {
      try (Snapshot<Long> opened = buffer.safeSnapshot(_ -> {})) {
        snapshot = opened;
        return task.run(this);
      }
    }

    private long write(Task task) {
      transactionId++;
      for (int attempt = 0; attempt < ATTEMPTS_BEFORE_GATE; attempt++) {
        if (commits(task)) {
          return result;
        }
        countRetries(1);
        Backoff.pause(attempt);
      }
      return writeThroughGate(task);
    }

    private long writeThroughGate(Task task) {
      buffer.enterGate(transactionId);
      try {
        while (!commits(task)) {
          countRetries(1);
        }
        return result;
      } finally {
        buffer.leaveGate(transactionId);
      }
    }

    private boolean commits(Task task) {
      try (Snapshot<Long> opened = buffer.snapshot()) {
        snapshot = opened;
        reads.clear();
        writes = new WriteSet<>();
        result = task.run(this);
        return commit(transactionId, opened, reads, writes);
      }
    }

    @Override
    @Nullable Long find(int item) {
      Key key = key(item);
      if (reading) {
        return value(buffer.get(key, snapshot));
      }
      int own = writes.size() == 0 ? -1 : writes.find(key);
      return value(own < 0 ? buffer.read(key, snapshot, reads) : writes.version(own));
    }

    @Override
    void set(int item, @Nullable Long value) {
      if (value == null) {
        var _ = writes.delete(key(item), ConflictStrategy.FAIL);
      } else {
        var _ = writes.put(key(item), value, 0, ConflictStrategy.FAIL);
      }
    }

    @Override
    void add(int item, long delta) {
      var _ = writes.merge(key(item), delta, 0, ConflictStrategy.FAIL);
    }

    @Override
    long sum(int from, int rows) {
      Key first = key(from);
      Summing summing = new Summing(rows);
      var _ = buffer.scanPart(new KeyInterval(first, null), snapshot, summing);
      KeyInterval seen = summing.seen(first);
      if (!reading) {
        reads.addRange(seen, null);
      }
      return summing.sum;
    }
  }
}
