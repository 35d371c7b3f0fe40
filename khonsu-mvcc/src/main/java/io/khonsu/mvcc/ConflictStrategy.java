package io.khonsu.mvcc;

/** What becomes of a write whose item another transaction has changed since this one began. */
public enum ConflictStrategy {
  /** The transaction aborts and lists its conflicts. */
  FAIL,
  /** The write is dropped and reported; the others are committed. */
  IGNORE,
  /** The write overwrites what the other transaction wrote. */
  REPLACE,
  /**
   * The write never conflicts: one that {@linkplain WriteSet#merge merges} is merged into whatever
   * is committed by then, any other takes its place.
   */
  APPEND
}
