package io.khonsu;

/**
 * What the store keeps as versions: rows or batches of tables, what is merged into them, and the
 * definitions of tables.
 */
sealed interface StoredValue permits StoredBatch, StoredMerge, StoredTable {}
