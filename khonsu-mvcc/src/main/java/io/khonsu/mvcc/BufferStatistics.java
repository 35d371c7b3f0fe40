package io.khonsu.mvcc;

/**
 * What a {@link TxnBuffer} holds.
 *
 * @param items keys in the indexes, those with only a tombstone included
 * @param versions versions in their chains, tombstones included
 * @param snapshots open snapshots
 * @param records commit records that an open snapshot may ask about
 */
public record BufferStatistics(long items, long versions, int snapshots, long records) {}
