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

  /**
   * The same changes, encoded, as those of this commit or another one, in a part of other bytes;
   * null if there is none.
   */
  private final @Nullable ByteBuffer template;

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

  /** Creates what was decoded from {@code encoded}. */
  CommittedTransaction(
      long version, long transactionId, List<Mutation> mutations, LogRecord encoded) {
    this(version, transactionId, mutations, encoded, null);
  }

  /** Creates what was decoded from all that remains in {@code template}. */
  CommittedTransaction(
      long version, long transactionId, List<Mutation> mutations, ByteBuffer template) {
    this(version, transactionId, mutations, null, template);
  }

  private CommittedTransaction(
      long version,
      long transactionId,
      List<Mutation> mutations,
      @Nullable LogRecord encoded,
      @Nullable ByteBuffer template) {
    this.version = version;
    this.transactionId = transactionId;
    this.mutations = List.copyOf(mutations);
    this.encoded = encoded;
    this.template = template;
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
      byte[] bytes =
          template == null
              ? TransactionCodec.encode(this)
              : TransactionCodec.restamped(template, version, transactionId);
      record = new LogRecord(version, bytes);
      encoded = record;
    }
    return record;
  }

  /**
   * {@return how many bytes {@link #record} has}
   *
   * @throws IllegalArgumentException as there
   */
  public int sizeBytes() {
    return changesBytes().remaining();
  }

  /**
   * {@return a checksum of the changes} They may have several, depending on how they came to be
   * these, but not on the machine.
   *
   * @throws IllegalArgumentException as for {@link #record}
   */
  public int checksum() {
    return TransactionCodec.checksumIn(changesBytes());
  }

  /** {@return these changes as those of another commit; encoded when that is asked for} */
  public CommittedTransaction as(long otherVersion, long otherTransactionId) {
    return new CommittedTransaction(
        otherVersion, otherTransactionId, mutations, null, changesBytes());
  }

  /** {@return the encoded transaction; it may have another version and id} */
  private ByteBuffer changesBytes() {
    return template == null ? ByteBuffer.wrap(record().bytes()) : template;
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
