package io.khonsu.mvcc;

import java.util.Objects;

/**
 * What a {@link TxnBuffer} is made of.
 *
 * @param versions draws commit versions
 * @param firstVersion the version of the state before the first commit, at least 0
 * @param retention how far behind the newest version, as a difference of versions, history is kept
 *     though nobody reads it; at least 0
 * @param publication when commits become visible
 * @param merger what APPEND means
 * @param lifecycle whom to tell what becomes of values
 * @param <V> the type of values
 */
public record BufferOptions<V>(
    VersionSource versions,
    long firstVersion,
    long retention,
    TxnBuffer.Publication publication,
    Merger<V> merger,
    ValueLifecycle<V> lifecycle) {
  /** Checks the ranges. */
  public BufferOptions {
    Objects.requireNonNull(versions, "versions");
    Objects.requireNonNull(publication, "publication");
    Objects.requireNonNull(merger, "merger");
    Objects.requireNonNull(lifecycle, "lifecycle");
    if (firstVersion < 0 || retention < 0) {
      throw new IllegalArgumentException(
          "firstVersion and retention must not be negative, but are "
              + firstVersion
              + " and "
              + retention);
    }
  }

  /**
   * {@return options for values without an owner: versions count up, nothing old is kept, the later
   * write stands for both where APPEND merges}
   */
  public static <V> BufferOptions<V> simple() {
    return new BufferOptions<>(
        previous -> previous + 1,
        0,
        0,
        TxnBuffer.Publication.AT_COMMIT,
        (_, _, staged) -> new Merger.Item<>(staged.requireValue(), staged.index()),
        ValueLifecycle.none());
  }

  /** {@return these options with another merger} */
  public BufferOptions<V> withMerger(Merger<V> other) {
    return new BufferOptions<>(versions, firstVersion, retention, publication, other, lifecycle);
  }

  /** {@return these options with another lifecycle} */
  public BufferOptions<V> withLifecycle(ValueLifecycle<V> other) {
    return new BufferOptions<>(versions, firstVersion, retention, publication, merger, other);
  }

  /** {@return these options with another time of publication} */
  public BufferOptions<V> withPublication(TxnBuffer.Publication other) {
    return new BufferOptions<>(versions, firstVersion, retention, other, merger, lifecycle);
  }

  /** {@return these options with another retention} */
  public BufferOptions<V> withRetention(long other) {
    return new BufferOptions<>(versions, firstVersion, other, publication, merger, lifecycle);
  }

  boolean reportsLifecycle() {
    return lifecycle != Unowned.INSTANCE;
  }
}
