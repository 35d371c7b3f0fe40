package io.khonsu;

/**
 * The definition of a table, an item of the catalog.
 *
 * @param tableId the number that begins the keys of its items
 * @param spec what it is
 */
record StoredTable(int tableId, TableSpec spec) implements StoredValue {}
