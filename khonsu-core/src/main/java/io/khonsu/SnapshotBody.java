package io.khonsu;

/**
 * What is read in one snapshot.
 *
 * @param <R> the type of the result
 * @param <E> what it may throw
 */
@FunctionalInterface
public interface SnapshotBody<
    R extends @org.jspecify.annotations.Nullable Object, E extends Exception> {
  /** {@return the result} Closing the snapshot is the caller's. */
  R run(Snapshot snapshot) throws E;
}
