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
import io.khonsu.mvcc.WriteSet;
import java.nio.ByteBuffer;

/** Khonsu's own transaction buffer. Transactions that only read do so at a snapshot. */
final class KhonsuRule implements AbortRule {
  private final TxnBuffer<Boolean> buffer;
  private final IsolationLevel level;
  private long lastId;

  private KhonsuRule(Certification certification, IsolationLevel level) {
    this.buffer = new TxnBuffer<>(BufferOptions.<Boolean>simple().withCertification(certification));
    this.level = level;
  }

  static AbortRule serializable(Certification certification) {
    return new KhonsuRule(certification, IsolationLevel.SERIALIZABLE);
  }

  static AbortRule snapshotIsolation() {
    return new KhonsuRule(Certification.OCC, IsolationLevel.SNAPSHOT);
  }

  @Override
  public Attempt begin(AbortLoad.Program program) {
    return program.isReader()
        ? new Reading(buffer.safeSnapshot(_ -> {}))
        : new Writing(buffer.snapshot());
  }

  private static Key key(int item) {
    return Key.of(ByteBuffer.allocate(Integer.BYTES).putInt(item).array());
  }

  private final class Reading implements Attempt {
    private final Snapshot<Boolean> snapshot;

    private Reading(Snapshot<Boolean> snapshot) {
      this.snapshot = snapshot;
    }

    @Override
    public void read(int item) {
      var _ = buffer.get(key(item), snapshot);
    }

    @Override
    public void write(int item) {
      throw new IllegalStateException("who only reads does not write " + item);
    }

    @Override
    public boolean commit() {
      snapshot.close();
      return true;
    }
  }

  private final class Writing implements Attempt {
    private final Snapshot<Boolean> snapshot;
    private final ReadSet<Boolean> reads = new ReadSet<>();
    private final WriteSet<Boolean> writes = new WriteSet<>();

    private Writing(Snapshot<Boolean> snapshot) {
      this.snapshot = snapshot;
    }

    @Override
    public void read(int item) {
      var _ = buffer.read(key(item), snapshot, reads);
    }

    @Override
    public void write(int item) {
      writes.put(key(item), true, 0, ConflictStrategy.FAIL);
    }

    @Override
    public boolean commit() {
      try (snapshot) {
        return buffer.commit(new CommitRequest<>(++lastId, level, snapshot, reads, writes))
            instanceof CommitResult.Accepted;
      }
    }
  }
}
