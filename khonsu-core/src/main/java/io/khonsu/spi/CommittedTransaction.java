package io.khonsu.spi;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What one transaction changed, as it is persisted. Immutable, thread-safe. */
public final class CommittedTransaction {
  private final long version;
  private final long transactionId;
  private final List<Mutation> mutations;

  /** Encoded at the first call of {@link #record}, or what this was decoded from. */
  private volatile @Nullable LogRecord encoded;

  /** What this was decoded from, where that is a part of other bytes; else null. */
  private final @Nullable ByteBuffer source;

  /**
   * Creates a transaction.
   *
   * @param version its commit version, greater than all before
   * @param transactionId its id
   * @param mutations the changes, at least one; no item occurs twice
   */
  public CommittedTransaction(long version, long transactionId, List<Mutation> mutations) {
    this(version, transactionId, mutations, null, null);
  }

  CommittedTransaction(
      long version, long transactionId, List<Mutation> mutations, LogRecord encoded) {
    this(version, transactionId, mutations, encoded, null);
  }

  /** Creates what was decoded from all that remains in {@code source}. */
  CommittedTransaction(
      long version, long transactionId, List<Mutation> mutations, ByteBuffer source) {
    this(version, transactionId, mutations, null, source);
  }

  private CommittedTransaction(
      long version,
      long transactionId,
      List<Mutation> mutations,
      @Nullable LogRecord encoded,
      @Nullable ByteBuffer source) {
    this.version = version;
    this.transactionId = transactionId;
    this.mutations = List.copyOf(mutations);
    this.encoded = encoded;
    this.source = source;
    if (mutations.isEmpty()) {
      throw new IllegalArgumentException("commit %d changes nothing".formatted(version));
    }
  }

  /** {@return its commit version} */
  public long version() {
    return version;
  }

  /** {@return its id} */
  public long transactionId() {
    return transactionId;
  }

  /** {@return the changes, at least one; no item occurs twice} */
  public List<Mutation> mutations() {
    return mutations;
  }

  /**
   * {@return the encoded transaction: the bytes that it was decoded from, or else made, or copied
   * from what has more of them, at the first call}
   *
   * @throws IllegalArgumentException if it is larger than {@link TransactionCodec#SIZE_MAX_BYTES}
   */
  public LogRecord record() {
    LogRecord record = encoded;
    if (record == null) {
      record =
          new LogRecord(version, source == null ? TransactionCodec.encode(this) : copy(source));
      encoded = record;
    }
    return record;
  }

  private static byte[] copy(ByteBuffer source) {
    byte[] copy = new byte[source.remaining()];
    source.get(source.position(), copy);
    return copy;
  }

  /** {@return these changes as those of another commit} */
  public CommittedTransaction as(long otherVersion, long otherTransactionId) {
    byte[] bytes = TransactionCodec.restamped(record().bytes(), otherVersion, otherTransactionId);
    return new CommittedTransaction(
        otherVersion, otherTransactionId, mutations, new LogRecord(otherVersion, bytes));
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof CommittedTransaction that
        && version == that.version
        && transactionId == that.transactionId
        && mutations.equals(that.mutations);
  }

  @Override
  public int hashCode() {
    return Objects.hash(version, transactionId, mutations);
  }

  @Override
  public String toString() {
    return "commit %d of transaction %d: %d changes"
        .formatted(version, transactionId, mutations.size());
  }
}
