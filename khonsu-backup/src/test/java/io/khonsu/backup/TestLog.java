package io.khonsu.backup;

import io.khonsu.spi.CommitLog;
import io.khonsu.spi.CommittedTransaction;
import io.khonsu.spi.KeyValueStore;
import io.khonsu.spi.LogRecord;
import io.khonsu.spi.Mutation;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/** A commit log on the heap, of transactions that mean nothing. Thread-safe. */
final class TestLog implements CommitLog {
  private final List<LogRecord> records = new ArrayList<>();
  private long trimmed;
  private long last;
  private long synced;

  /** Appends a synced transaction of about so many bytes. */
  void add(long version, int bytes) throws IOException {
    ByteBuffer frame = ByteBuffer.allocate(bytes).putInt(0, (int) version);
    append(
        List.of(
            new CommittedTransaction(version, version, List.of(new Mutation.PutRows(1, frame)))
                .record()),
        KeyValueStore.Sync.SYNCED);
  }

  /** Appends transactions whose versions have gaps. */
  TestLog addRandom(RandomGenerator random, int count) throws IOException {
    for (int i = 0; i < count; i++) {
      add(last + 1 + random.nextInt(1_000), 8 + random.nextInt(60));
    }
    return this;
  }

  @Override
  public synchronized void append(List<LogRecord> added, KeyValueStore.Sync sync) {
    records.addAll(added);
    last = added.getLast().version();
    if (sync == KeyValueStore.Sync.SYNCED) {
      synced = last;
    }
  }

  @Override
  public synchronized void sync() {
    synced = last;
  }

  @Override
  public void read(long afterVersion, Receiver receiver) throws IOException {
    for (LogRecord record : after(afterVersion)) {
      receiver.accept(record);
    }
  }

  private synchronized List<LogRecord> after(long version) {
    if (version < trimmed) {
      throw new IllegalArgumentException("%d was trimmed".formatted(version));
    }
    return records.stream().filter(record -> record.version() > version).toList();
  }

  @Override
  public synchronized void trim(long upToVersion) {
    records.removeIf(record -> record.version() <= upToVersion && record.version() < last);
    trimmed = Math.max(trimmed, Math.min(upToVersion, last - 1));
  }

  @Override
  public synchronized long trimmedVersion() {
    return trimmed;
  }

  @Override
  public synchronized long lastVersion() {
    return last;
  }

  @Override
  public synchronized long syncedVersion() {
    return synced;
  }

  @Override
  public synchronized long sizeBytes() {
    return records.stream().mapToLong(record -> record.bytes().length).sum();
  }

  @Override
  public void close() {}
}
