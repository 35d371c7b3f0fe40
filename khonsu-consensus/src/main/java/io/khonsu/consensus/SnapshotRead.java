package io.khonsu.consensus;

/**
 * Asks the driver to read a part of a snapshot and to answer by {@link Input.SnapshotData}. Keep a
 * snapshot while somebody reads it, also when there is a newer one: a slow replica would otherwise
 * never get a whole one.
 *
 * @param requester who waits for it
 * @param snapshot which snapshot; of a delta the same bytes must be served from begin to end
 * @param offset where to start
 * @param maxBytes how much to read at most
 */
public record SnapshotRead(Member requester, SnapshotId snapshot, long offset, int maxBytes) {}
