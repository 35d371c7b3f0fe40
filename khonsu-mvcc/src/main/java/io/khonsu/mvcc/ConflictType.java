package io.khonsu.mvcc;

/** How a transaction collides with one that committed since its snapshot. */
public enum ConflictType {
  /** It read an item that the other has overwritten, or a range that the other has changed. */
  READ_WRITE,
  /** It writes an item that the other has written. */
  WRITE_WRITE,
  /** It read an item that the other has deleted. */
  READ_DELETE,
  /** It writes an item that the other has deleted. */
  WRITE_DELETE
}
