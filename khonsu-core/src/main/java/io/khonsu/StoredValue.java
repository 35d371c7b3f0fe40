package io.khonsu;

/** What the store keeps as versions: rows or batches of tables, and the definitions of tables. */
sealed interface StoredValue permits StoredBatch, StoredTable {}
