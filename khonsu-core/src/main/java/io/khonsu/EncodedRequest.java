package io.khonsu;

import io.khonsu.mvcc.CommitRequest;
import io.khonsu.mvcc.ConflictStrategy;
import io.khonsu.mvcc.IsolationLevel;
import io.khonsu.mvcc.ItemPredicate;
import io.khonsu.mvcc.Key;
import io.khonsu.mvcc.KeyInterval;
import io.khonsu.mvcc.ReadSet;
import io.khonsu.spi.CommittedTransaction;
import io.khonsu.spi.DamagedStorageException;
import io.khonsu.spi.Mutation;
import io.khonsu.spi.StorageRefusedException;
import io.khonsu.spi.TransactionCodec;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A commit request as it travels to the replicas: what was read, at which snapshot, and what is to
 * be written.
 *
 * <p>Format 1, numbers big-endian: format version and level in a byte each; the snapshot's version
 * in 8; the guards; the items read, absent ones included; the ranges read, each its first key, a
 * byte for whether an end follows, the end, and its filter, of no bytes if all items count; the
 * writes, by strategy, each a byte for it and what {@link TransactionCodec} makes of the changes;
 * what it makes of the batches to append, of no bytes if there are none. A list is its length in 4
 * bytes, then its elements; a key or a filter likewise.
 *
 * @param level what the commit must check
 * @param snapshotVersion what was read at
 * @param guards items that must be unchanged at every level
 * @param items items read
 * @param ranges ranges read
 * @param writes what to write, by what to do about conflicts; as commits that have no version yet
 * @param appends batches to append to what is committed by then
 */
record EncodedRequest(
    IsolationLevel level,
    long snapshotVersion,
    List<Key> guards,
    List<Key> items,
    List<Range> ranges,
    Map<ConflictStrategy, CommittedTransaction> writes,
    List<Mutation> appends) {
  private static final byte FORMAT_VERSION = 1;

  /** Their codes are their places here; an addition goes to the end. */
  private static final List<IsolationLevel> LEVELS =
      List.of(
          IsolationLevel.READ_COMMITTED,
          IsolationLevel.SNAPSHOT,
          IsolationLevel.REPEATABLE_READ,
          IsolationLevel.SERIALIZABLE);

  static final List<ConflictStrategy> STRATEGIES =
      List.of(
          ConflictStrategy.FAIL,
          ConflictStrategy.IGNORE,
          ConflictStrategy.REPLACE,
          ConflictStrategy.APPEND);

  /**
   * No key is longer: behind the table's number the longest there may be, and a byte of a bound.
   */
  static final int KEY_BYTES_MAX = Table.PREFIX_BYTES + Table.KEY_BYTES_MAX + 1;

  /** Room for what most requests have before their writes: a key that was read. */
  private static final int HEAD_BYTES = 64;

  /** What encoded changes are said to have, as they have no version yet. */
  private static final long NO_VERSION = 1;

  /** A range that was read, and what filtered it; no filter means all items. */
  record Range(KeyInterval interval, @Nullable RowFilter filter) {}

  /** Bytes are no request. */
  static final class MalformedException extends Exception {
    private static final long serialVersionUID = 1L;

    MalformedException(String message, @Nullable Throwable cause) {
      super("a commit request cannot be read: " + message, cause);
    }
  }

  EncodedRequest {
    guards = List.copyOf(guards);
    items = List.copyOf(items);
    ranges = List.copyOf(ranges);
    writes = inOrder(writes);
    appends = List.copyOf(appends);
  }

  /** {@return a copy that is passed through in the order of strategies} */
  private static Map<ConflictStrategy, CommittedTransaction> inOrder(
      Map<ConflictStrategy, CommittedTransaction> writes) {
    if (writes.size() <= 1) {
      return Map.copyOf(writes);
    }
    Map<ConflictStrategy, CommittedTransaction> copy = new EnumMap<>(ConflictStrategy.class);
    copy.putAll(writes);
    return copy;
  }

  /** {@return a request to change tables themselves, which has read nothing but {@code guards}} */
  static EncodedRequest ofDefinition(long snapshotVersion, List<Key> guards, Mutation change) {
    return new EncodedRequest(
        IsolationLevel.SERIALIZABLE,
        snapshotVersion,
        guards,
        List.of(),
        List.of(),
        Map.of(ConflictStrategy.FAIL, changes(List.of(change))),
        List.of());
  }

  /** {@return a request with the reads of {@code request}, and other writes} */
  static EncodedRequest of(
      CommitRequest<StoredValue> request,
      Map<ConflictStrategy, List<Mutation>> writes,
      List<Mutation> appends) {
    ReadSet<StoredValue> reads = request.reads();
    List<Key> items = new ArrayList<>();
    for (int i = 0; i < reads.itemCount() && request.level().validatesItems(); i++) {
      items.add(reads.item(i));
    }
    List<Range> ranges = new ArrayList<>();
    boolean checksRanges = request.level() == IsolationLevel.SERIALIZABLE;
    for (int i = 0; i < reads.rangeCount() && checksRanges; i++) {
      ReadSet.Range<StoredValue> range = reads.range(i);
      ranges.add(new Range(range.interval(), filterOf(range.predicate())));
    }
    return new EncodedRequest(
        request.level(),
        request.snapshot().version(),
        reads.guardKeys(),
        items,
        ranges,
        changes(writes),
        appends);
  }

  /**
   * {@return what was read, to be compared with what is committed here}
   *
   * @throws TableDroppedException if a table that was read is not there any more
   * @throws IllegalArgumentException if a filter does not fit its table, or its range goes beyond
   */
  ReadSet<StoredValue> reads(Catalog catalog) {
    ReadSet<StoredValue> reads = new ReadSet<>();
    for (int i = 0; i < guards.size(); i++) {
      reads.addGuard(guards.get(i));
    }
    for (int i = 0; i < items.size(); i++) {
      reads.addItem(items.get(i));
    }
    for (int i = 0; i < ranges.size(); i++) {
      reads.addRange(ranges.get(i).interval, predicate(ranges.get(i), catalog));
    }
    return reads;
  }

  private static @Nullable RowPredicate predicate(Range range, Catalog catalog) {
    if (range.filter == null) {
      return null;
    }
    Table table = catalog.byId(Table.tableIdOf(range.interval.from()));
    if (table == null || table.isDropped()) {
      throw new TableDroppedException("a table that was read was dropped");
    }
    Key to = range.interval.to();
    if (!table.isRowTable() || to == null || to.compareTo(table.endOfKeys()) > 0) {
      throw new IllegalArgumentException(
          "a filter is of rows of one table, not of what follows it");
    }
    return new RowPredicate(range.filter, table.schema());
  }

  private static @Nullable RowFilter filterOf(@Nullable ItemPredicate<StoredValue> predicate) {
    return predicate instanceof RowPredicate rows ? rows.source() : null;
  }

  /** {@return the writes, or null if there are none, or of several kinds} */
  @Nullable CommittedTransaction onlyWrites() {
    return writes.size() == 1 ? writes.values().iterator().next() : null;
  }

  /** {@return how many changes it asks for} */
  int changeCount() {
    int count = appends.size();
    for (CommittedTransaction changes : writes.values()) {
      count += changes.mutations().size();
    }
    return count;
  }

  byte[] encode() {
    FieldWriter out = new FieldWriter(HEAD_BYTES);
    out.write(FORMAT_VERSION);
    out.write(LEVELS.indexOf(level));
    out.number(snapshotVersion);
    out.keys(guards);
    out.keys(items);
    out.integer(ranges.size());
    for (Range range : ranges) {
      out.interval(range.interval);
      out.bytes(range.filter == null ? new byte[0] : FilterCodec.encode(range.filter));
    }
    out.integer(writes.size());
    return withWrites(out.finish());
  }

  /** {@return a request of which all is there but the writes and the batches to append} */
  private byte[] withWrites(byte[] head) {
    CommittedTransaction appended = appends.isEmpty() ? null : changes(appends);
    long size = (long) head.length + Integer.BYTES;
    size += appended == null ? 0 : TransactionCodec.sizeBytes(appended);
    for (CommittedTransaction changes : writes.values()) {
      size += 1L + Integer.BYTES + TransactionCodec.sizeBytes(changes);
    }
    if (size > TransactionCodec.SIZE_MAX_BYTES) {
      throw new IllegalArgumentException(
          "a commit request takes %d bytes, at most %d are possible: write less at a time"
              .formatted(size, TransactionCodec.SIZE_MAX_BYTES));
    }
    byte[] request = new byte[(int) size];
    ByteBuffer out = ByteBuffer.wrap(request).put(head);
    writes.forEach((strategy, changes) -> {
      out.put((byte) STRATEGIES.indexOf(strategy)).putInt(TransactionCodec.sizeBytes(changes));
      TransactionCodec.encode(changes, out);
    });
    out.putInt(appended == null ? 0 : TransactionCodec.sizeBytes(appended));
    if (appended != null) {
      TransactionCodec.encode(appended, out);
    }
    return request;
  }

  /** {@return changes by strategy as a request has them} */
  static Map<ConflictStrategy, CommittedTransaction> changes(
      Map<ConflictStrategy, List<Mutation>> writes) {
    Map<ConflictStrategy, CommittedTransaction> changes = new EnumMap<>(ConflictStrategy.class);
    writes.forEach((strategy, mutations) -> changes.put(strategy, changes(mutations)));
    return changes;
  }

  /** {@return changes as a request has them} */
  static CommittedTransaction changes(List<Mutation> mutations) {
    return new CommittedTransaction(NO_VERSION, 0, mutations);
  }

  /**
   * {@return the request of bytes, which it keeps: nobody may change them any more}
   *
   * @throws MalformedException if they are none
   */
  static EncodedRequest decode(byte[] bytes) throws MalformedException {
    return decode(ByteBuffer.wrap(bytes));
  }

  /** {@return the request of all that remains in a buffer} Its frames are parts of that. */
  static EncodedRequest decode(ByteBuffer bytes) throws MalformedException {
    ByteBuffer in = bytes.slice();
    try {
      byte format = in.get();
      if (format != FORMAT_VERSION) {
        throw new MalformedException(
            "it has format version %d, known is %d".formatted(format, FORMAT_VERSION), null);
      }
      EncodedRequest request =
          new EncodedRequest(
              LEVELS.get(in.get()),
              in.getLong(),
              keys(in),
              keys(in),
              ranges(in),
              writes(in),
              appends(in));
      if (in.hasRemaining()) {
        throw new MalformedException(in.remaining() + " bytes follow it", null);
      }
      return request;
    } catch (BufferUnderflowException e) {
      throw new MalformedException("it ends too early", e);
    } catch (IllegalArgumentException
        | IndexOutOfBoundsException
        | DamagedStorageException
        | StorageRefusedException e) {
      throw new MalformedException(String.valueOf(e.getMessage()), e);
    }
  }

  /**
   * {@return whether a request has batches to append, or cannot be read} Looks at lengths alone.
   */
  static boolean hasAppends(ByteBuffer bytes) {
    ByteBuffer in = bytes.slice();
    try {
      in.position(1 + 1 + Long.BYTES);
      for (int list = 0; list < 2; list++) { // guards, items
        for (int left = length(in); left > 0; left--) {
          skip(in);
        }
      }
      for (int left = length(in); left > 0; left--) { // ranges
        skip(in);
        if (in.get() != 0) {
          skip(in);
        }
        skip(in);
      }
      for (int left = length(in); left > 0; left--) { // writes
        var _ = in.get();
        skip(in);
      }
      return length(in) > 0;
    } catch (BufferUnderflowException | IllegalArgumentException _) {
      return true;
    }
  }

  private static void skip(ByteBuffer in) {
    int length = length(in);
    in.position(in.position() + length);
  }

  private static ByteBuffer part(ByteBuffer in) {
    int length = length(in);
    ByteBuffer part = in.slice(in.position(), length);
    in.position(in.position() + length);
    return part;
  }

  static List<Key> keys(ByteBuffer in) {
    int count = length(in);
    if (count <= 1) {
      return count == 0 ? List.of() : List.of(key(in));
    }
    List<Key> keys = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      keys.add(key(in));
    }
    return keys;
  }

  private static List<Range> ranges(ByteBuffer in) {
    int count = length(in);
    if (count == 0) {
      return List.of();
    }
    List<Range> ranges = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      KeyInterval interval = interval(in);
      byte[] filter = bytes(in);
      ranges.add(new Range(interval, filter.length == 0 ? null : FilterCodec.decode(filter)));
    }
    return ranges;
  }

  private static Map<ConflictStrategy, CommittedTransaction> writes(ByteBuffer in)
      throws DamagedStorageException, StorageRefusedException {
    int count = length(in);
    if (count == 1) {
      return Map.of(STRATEGIES.get(in.get()), TransactionCodec.decode(part(in)));
    }
    Map<ConflictStrategy, CommittedTransaction> writes = new EnumMap<>(ConflictStrategy.class);
    for (int i = 0; i < count; i++) {
      ConflictStrategy strategy = STRATEGIES.get(in.get());
      if (writes.put(strategy, TransactionCodec.decode(part(in))) != null) {
        throw new IllegalArgumentException("the strategy %s comes twice".formatted(strategy));
      }
    }
    return writes;
  }

  private static List<Mutation> appends(ByteBuffer in)
      throws DamagedStorageException, StorageRefusedException {
    ByteBuffer encoded = part(in);
    return encoded.hasRemaining() ? TransactionCodec.decode(encoded).mutations() : List.of();
  }

  static KeyInterval interval(ByteBuffer in) {
    Key from = key(in);
    return new KeyInterval(from, in.get() == 0 ? null : key(in));
  }

  private static Key key(ByteBuffer in) {
    byte[] bytes = bytes(in);
    if (bytes.length < Table.PREFIX_BYTES || bytes.length > KEY_BYTES_MAX) {
      throw new IllegalArgumentException(
          "a key has %d bytes, possible are %d to %d"
              .formatted(bytes.length, Table.PREFIX_BYTES, KEY_BYTES_MAX));
    }
    return Key.ofOwned(bytes);
  }

  static byte[] bytes(ByteBuffer in) {
    byte[] bytes = new byte[length(in)];
    in.get(bytes);
    return bytes;
  }

  /** {@return a count of things of a byte or more, that there is still room for} */
  private static int length(ByteBuffer in) {
    int length = in.getInt();
    if (length < 0 || length > in.remaining()) {
      throw new IllegalArgumentException(
          "a length is %d, and %d bytes are left".formatted(length, in.remaining()));
    }
    return length;
  }
}
