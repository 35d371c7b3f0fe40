package io.khonsu.mvcc;

import java.util.List;
import java.util.Objects;

/**
 * What a {@link TxnBuffer} is made of.
 *
 * @param versions draws commit versions
 * @param firstVersion the version of the state before the first commit, at least 0
 * @param retention how far behind the newest version, as a difference of versions, history is kept
 *     though nobody reads it; at least 0
 * @param retentionBytes how much history is kept though nobody reads it, at most; at least 0. An
 *     estimate: what {@link ValueLifecycle#sizeBytes} says, and something for each version
 * @param backlogBytes how much history one {@link ChangeCursor} may hold back, estimated likewise;
 *     at least 0
 * @param publication when commits become visible
 * @param certification how SERIALIZABLE transactions are certified
 * @param merger what merging means
 * @param lifecycle whom to tell what becomes of values
 * @param <V> the type of values
 */
@SuppressWarnings("RecordComponentNumber") // what the buffer must be told, with short cuts below
public record BufferOptions<V>(
    VersionSource versions,
    long firstVersion,
    long retention,
    long retentionBytes,
    long backlogBytes,
    TxnBuffer.Publication publication,
    Certification certification,
    Merger<V> merger,
    ValueLifecycle<V> lifecycle) {
  /** Checks the ranges. */
  public BufferOptions {
    Objects.requireNonNull(versions, "versions");
    Objects.requireNonNull(publication, "publication");
    Objects.requireNonNull(certification, "certification");
    Objects.requireNonNull(merger, "merger");
    Objects.requireNonNull(lifecycle, "lifecycle");
    if (retentionBytes < 0 || backlogBytes < 0) {
      throw new IllegalArgumentException(
          "retentionBytes and backlogBytes must not be negative, but are "
              + retentionBytes
              + " and "
              + backlogBytes);
    }
    if (firstVersion < 0 || retention < 0) {
      throw new IllegalArgumentException(
          "firstVersion and retention must not be negative, but are "
              + firstVersion
              + " and "
              + retention);
    }
  }

  /** Makes options without limits of bytes, for {@link Certification#OCC}. */
  public BufferOptions(
      VersionSource versions,
      long firstVersion,
      long retention,
      TxnBuffer.Publication publication,
      Merger<V> merger,
      ValueLifecycle<V> lifecycle) {
    this(
        versions,
        firstVersion,
        retention,
        Long.MAX_VALUE,
        Long.MAX_VALUE,
        publication,
        Certification.OCC,
        merger,
        lifecycle);
  }

  /**
   * {@return options for values without an owner: versions count up, nothing old is kept, of merged
   * values the last stands for all}
   */
  public static <V> BufferOptions<V> simple() {
    return new BufferOptions<>(
        previous -> previous + 1,
        0,
        0,
        TxnBuffer.Publication.AT_COMMIT,
        (_, _, operands) -> last(operands),
        ValueLifecycle.none());
  }

  private static <V> Merger.Item<V> last(List<Version<V>> operands) {
    return new Merger.Item<>(operands.getLast().requireValue(), operands.getLast().index());
  }

  /** {@return these options with another merger} */
  public BufferOptions<V> withMerger(Merger<V> other) {
    return with(retention, publication, certification, other, lifecycle);
  }

  /** {@return these options with another lifecycle} */
  public BufferOptions<V> withLifecycle(ValueLifecycle<V> other) {
    return with(retention, publication, certification, merger, other);
  }

  /** {@return these options with another time of publication} */
  public BufferOptions<V> withPublication(TxnBuffer.Publication other) {
    return with(retention, other, certification, merger, lifecycle);
  }

  /** {@return these options with another certification} */
  public BufferOptions<V> withCertification(Certification other) {
    return with(retention, publication, other, merger, lifecycle);
  }

  /** {@return these options with another retention} */
  public BufferOptions<V> withRetention(long other) {
    return with(other, publication, certification, merger, lifecycle);
  }

  /** {@return these options with other limits of bytes} */
  public BufferOptions<V> withLimits(long otherRetentionBytes, long otherBacklogBytes) {
    return new BufferOptions<>(
        versions,
        firstVersion,
        retention,
        otherRetentionBytes,
        otherBacklogBytes,
        publication,
        certification,
        merger,
        lifecycle);
  }

  private BufferOptions<V> with(
      long span,
      TxnBuffer.Publication when,
      Certification how,
      Merger<V> merging,
      ValueLifecycle<V> owner) {
    return new BufferOptions<>(
        versions, firstVersion, span, retentionBytes, backlogBytes, when, how, merging, owner);
  }

  boolean reportsLifecycle() {
    return lifecycle != Unowned.INSTANCE;
  }
}
