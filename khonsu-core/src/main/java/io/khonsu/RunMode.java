package io.khonsu;

/** Who runs a transaction, and what it notes of what it reads. */
enum RunMode {
  /** Its user, once. */
  BY_HAND,
  /** {@link Khonsu#transact}. What the level must check at commit is noted. */
  REPEATED,
  /** The same, after a {@code retry()}: all that is read is noted, to wait for its change. */
  NOTING
}
