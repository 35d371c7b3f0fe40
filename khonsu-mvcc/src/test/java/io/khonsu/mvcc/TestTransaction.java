package io.khonsu.mvcc;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A transaction as the layer above would run one: it sees its own writes and remembers its reads.
 */
final class TestTransaction<V> implements AutoCloseable {
  static final KeyInterval ALL = new KeyInterval(new Key(new byte[0]), null);

  private static final AtomicLong IDS = new AtomicLong();

  final long id = IDS.incrementAndGet();
  final ReadSet<V> reads = new ReadSet<>();
  final WriteSet<V> writes = new WriteSet<>();
  final Snapshot<V> snapshot;
  private final TxnBuffer<V> buffer;
  private final IsolationLevel level;

  private TestTransaction(TxnBuffer<V> buffer, IsolationLevel level, Snapshot<V> snapshot) {
    this.buffer = buffer;
    this.level = level;
    this.snapshot = snapshot;
  }

  static <V> TestTransaction<V> begin(TxnBuffer<V> buffer, IsolationLevel level) {
    return new TestTransaction<>(buffer, level, buffer.snapshot());
  }

  /** Begins one that only reads, where commits are published at once. */
  static <V> TestTransaction<V> beginToRead(TxnBuffer<V> buffer) {
    return new TestTransaction<>(
        buffer,
        IsolationLevel.SERIALIZABLE,
        buffer.safeSnapshot(version -> {
          throw new AssertionError("nothing is pending, but " + version);
        }));
  }

  static <V> TestTransaction<V> begin(TxnBuffer<V> buffer) {
    return begin(buffer, IsolationLevel.SERIALIZABLE);
  }

  /** {@return a key that sorts as its number} */
  static Key key(int number) {
    return Key.of(ByteBuffer.allocate(Integer.BYTES).putInt(number).array());
  }

  static int number(Key key) {
    return ByteBuffer.wrap(key.toBytes()).getInt();
  }

  static Key key(String text) {
    return Key.of(text.getBytes(StandardCharsets.UTF_8));
  }

  static String text(Key key) {
    return new String(key.toBytes(), StandardCharsets.UTF_8);
  }

  /** Commits one value, blindly. */
  static <V> CommitRecord<V> put(TxnBuffer<V> buffer, Key key, V value) {
    try (TestTransaction<V> tx = begin(buffer)) {
      return accepted(tx.put(key, value).commit());
    }
  }

  /** Commits a deletion, blindly. */
  static <V> CommitRecord<V> delete(TxnBuffer<V> buffer, Key key) {
    try (TestTransaction<V> tx = begin(buffer)) {
      return accepted(tx.delete(key).commit());
    }
  }

  static <V> CommitRecord<V> accepted(CommitResult<V> result) {
    if (result instanceof CommitResult.Accepted<V>(CommitRecord<V> record, var _)) {
      return record;
    }
    throw new AssertionError("not accepted: " + result);
  }

  static <V> @Nullable V read(TxnBuffer<V> buffer, Key key) {
    try (Snapshot<V> now = buffer.snapshot()) {
      return value(buffer.get(key, now));
    }
  }

  /** {@return what a snapshot, which must be there, sees} */
  static <V> @Nullable V at(TxnBuffer<V> buffer, Key key, @Nullable Snapshot<V> snapshot) {
    return value(buffer.get(key, Invariants.present(snapshot, "a snapshot")));
  }

  static <V> NavigableMap<Key, V> scan(
      TxnBuffer<V> buffer, Snapshot<V> snapshot, KeyInterval interval) {
    NavigableMap<Key, V> found = new TreeMap<>();
    buffer.scan(
        interval,
        snapshot,
        (key, version) -> {
          if (!found.isEmpty() && found.lastKey().compareTo(key) >= 0) {
            throw new AssertionError("scan at " + key + " after " + found.lastKey());
          }
          found.put(key, version.requireValue());
        });
    return found;
  }

  static <V> NavigableMap<Key, V> scan(TxnBuffer<V> buffer) {
    try (Snapshot<V> now = buffer.snapshot()) {
      return scan(buffer, now, ALL);
    }
  }

  @Nullable V get(Key key) {
    int own = writes.find(key);
    if (own >= 0 && !writes.isMerge(own)) {
      return writes.version(own).value();
    }
    V committed = committed(key);
    return own < 0 ? committed : merged(own, committed);
  }

  private @Nullable V committed(Key key) {
    if (level.readsAtBegin()) {
      return value(buffer.read(key, snapshot, reads));
    }
    return read(buffer, key);
  }

  private V merged(int position, @Nullable V committed) {
    Version<V> state = new Version<>();
    state.assign(committed, 0);
    return buffer
        .options()
        .merger()
        .merge(
            writes.key(position),
            committed == null ? null : state,
            List.of(writes.version(position)))
        .value();
  }

  NavigableMap<Key, V> scan(KeyInterval interval, @Nullable ItemPredicate<V> predicate) {
    NavigableMap<Key, V> found = new TreeMap<>();
    try (Snapshot<V> now = buffer.snapshot()) {
      buffer.scan(
          interval,
          level.readsAtBegin() ? snapshot : now,
          (key, version) -> {
            if (predicate == null || predicate.test(key, version)) {
              found.put(key, version.requireValue());
            }
          });
    }
    reads.addRange(interval, predicate);
    for (int i = 0; i < writes.size(); i++) {
      Key key = writes.key(i);
      Version<V> staged = writes.version(i);
      if (interval.contains(key) && writes.isMerge(i)) {
        staged = new Version<>();
        staged.assign(merged(i, committed(key)), 0);
      }
      found.remove(key);
      if (interval.contains(key)
          && !staged.isTombstone()
          && (predicate == null || predicate.test(key, staged))) {
        found.put(key, staged.requireValue());
      }
    }
    return found;
  }

  TestTransaction<V> put(Key key, V value) {
    return put(key, value, ConflictStrategy.FAIL);
  }

  TestTransaction<V> put(Key key, V value, ConflictStrategy strategy) {
    if (strategy == ConflictStrategy.APPEND) {
      return merge(key, value, strategy);
    }
    writes.put(key, value, 0, strategy);
    return this;
  }

  TestTransaction<V> merge(Key key, V operand) {
    return merge(key, operand, ConflictStrategy.FAIL);
  }

  private TestTransaction<V> merge(Key key, V operand, ConflictStrategy strategy) {
    writes.merge(key, operand, 0, strategy);
    return this;
  }

  TestTransaction<V> delete(Key key) {
    return delete(key, ConflictStrategy.FAIL);
  }

  TestTransaction<V> delete(Key key, ConflictStrategy strategy) {
    writes.delete(key, strategy);
    return this;
  }

  CommitResult<V> commit() {
    return buffer.commit(new CommitRequest<>(id, level, snapshot, reads, writes));
  }

  boolean commits() {
    return commit() instanceof CommitResult.Accepted;
  }

  @Override
  public void close() {
    snapshot.close();
  }

  private static <V> @Nullable V value(@Nullable Version<V> version) {
    return version == null ? null : version.value();
  }
}
