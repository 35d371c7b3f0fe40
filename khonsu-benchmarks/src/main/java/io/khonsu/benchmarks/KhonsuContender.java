package io.khonsu.benchmarks;

import io.khonsu.mvcc.BufferOptions;
import io.khonsu.mvcc.Certification;
import io.khonsu.mvcc.CommitRequest;
import io.khonsu.mvcc.CommitResult;
import io.khonsu.mvcc.ConflictStrategy;
import io.khonsu.mvcc.IsolationLevel;
import io.khonsu.mvcc.Key;
import io.khonsu.mvcc.ReadSet;
import io.khonsu.mvcc.Snapshot;
import io.khonsu.mvcc.TxnBuffer;
import io.khonsu.mvcc.Version;
import io.khonsu.mvcc.WriteSet;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Khonsu's transaction buffer, SERIALIZABLE. Items are named by bytes that are made keys of each
 * time, by keys that the caller keeps as it keeps strings for a map, or by handles.
 */
final class KhonsuContender implements Contender {
  private static final int IDS_PER_SESSION_BITS = 40;

  private final TxnBuffer<Long> buffer;
  private final AtomicLong sessions = new AtomicLong();
  private final KeyNames names;

  /** What names the items; null if keys are made of bytes each time. */
  private final Key @Nullable [] kept;

  private KhonsuContender(KeyNames names, Naming naming, Certification certification) {
    this.names = names;
    this.buffer = new TxnBuffer<>(BufferOptions.<Long>simple().withCertification(certification));
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
  public long valueOf(int item) {
    try (Snapshot<Long> snapshot = buffer.snapshot()) {
      return value(buffer.get(key(item), snapshot));
    }
  }

  private void fill() {
    for (int i = 0; i < names.count(); i++) {
      try (Snapshot<Long> snapshot = buffer.snapshot()) {
        WriteSet<Long> writes = new WriteSet<>();
        writes.put(Key.of(names.bytes(i)), (long) i, 0, ConflictStrategy.FAIL);
        commit(new CommitRequest<>(1, IsolationLevel.SERIALIZABLE, snapshot, noReads(), writes));
      }
    }
  }

  private Key[] keys() {
    Key[] made = new Key[names.count()];
    Arrays.setAll(made, i -> Key.of(names.bytes(i)));
    return made;
  }

  private Key[] refs() {
    Key[] made = new Key[names.count()];
    for (int i = 0; i < made.length; i++) {
      made[i] = buffer.ref(Key.of(names.bytes(i)));
    }
    return made;
  }

  private Key key(int item) {
    return kept == null ? buffer.key(names.bytes(item)) : kept[item];
  }

  private boolean commit(CommitRequest<Long> request) {
    return buffer.commit(request) instanceof CommitResult.Accepted;
  }

  private static ReadSet<Long> noReads() {
    return new ReadSet<>();
  }

  private static long value(@Nullable Version<Long> version) {
    if (version == null) {
      throw new AssertionError("an item is missing");
    }
    return version.requireValue();
  }

  /** One thread's transactions. */
  private final class KhonsuSession implements Session {
    private long transactionId;
    private long retries;

    private KhonsuSession(long firstId) {
      this.transactionId = firstId;
    }

    @Override
    public void readWrite(int read1, int read2, int write1, int write2) {
      for (int attempt = 0; ; attempt++) {
        try (Snapshot<Long> snapshot = buffer.snapshot()) {
          ReadSet<Long> reads = new ReadSet<>();
          long sum = read(read1, snapshot, reads) + read(read2, snapshot, reads);
          Long value = sum + 1;
          WriteSet<Long> writes = new WriteSet<>();
          writes.put(key(write1), value, 0, ConflictStrategy.FAIL);
          writes.put(key(write2), value, 0, ConflictStrategy.FAIL);
          if (commits(snapshot, reads, writes)) {
            return;
          }
        }
        failed(attempt);
      }
    }

    @Override
    public long readSum(int[] items, int from, int count) {
      long sum = 0;
      try (Snapshot<Long> snapshot = buffer.safeSnapshot(_ -> {})) {
        for (int i = from; i < from + count; i++) {
          sum += value(buffer.get(key(items[i]), snapshot));
        }
      }
      return sum;
    }

    @Override
    public void increment(int item) {
      for (int attempt = 0; ; attempt++) {
        try (Snapshot<Long> snapshot = buffer.snapshot()) {
          ReadSet<Long> reads = new ReadSet<>();
          WriteSet<Long> writes = new WriteSet<>();
          Key key = key(item);
          long value = value(buffer.read(key, snapshot, reads));
          writes.put(key, value + 1, 0, ConflictStrategy.FAIL);
          if (commits(snapshot, reads, writes)) {
            return;
          }
        }
        failed(attempt);
      }
    }

    @Override
    public void writePair(int item1, int item2, long value) {
      Long boxed = value;
      for (int attempt = 0; ; attempt++) {
        try (Snapshot<Long> snapshot = buffer.snapshot()) {
          WriteSet<Long> writes = new WriteSet<>();
          writes.put(key(item1), boxed, 0, ConflictStrategy.FAIL);
          writes.put(key(item2), boxed, 0, ConflictStrategy.FAIL);
          if (commits(snapshot, noReads(), writes)) {
            return;
          }
        }
        failed(attempt);
      }
    }

    @Override
    public long retries() {
      return retries;
    }

    private long read(int item, Snapshot<Long> snapshot, ReadSet<Long> reads) {
      return value(buffer.read(key(item), snapshot, reads));
    }

    private boolean commits(Snapshot<Long> snapshot, ReadSet<Long> reads, WriteSet<Long> writes) {
      return commit(
          new CommitRequest<>(
              ++transactionId, IsolationLevel.SERIALIZABLE, snapshot, reads, writes));
    }

    private void failed(int attempt) {
      retries++;
      Backoff.pause(attempt);
    }
  }
}
