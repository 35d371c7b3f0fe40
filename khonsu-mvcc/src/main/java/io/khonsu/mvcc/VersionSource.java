package io.khonsu.mvcc;

/** Whoever orders commits draws their versions; this module is given them. */
@FunctionalInterface
public interface VersionSource {
  /**
   * {@return the version of the next commit, greater than {@code previous}} Called inside the
   * commit section, by one thread at a time.
   *
   * @param previous the version of the commit before, 0 before the first
   */
  long next(long previous);
}
