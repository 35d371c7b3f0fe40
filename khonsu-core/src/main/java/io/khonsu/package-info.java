/**
 * A store of Arrow tables with ACID transactions, embedded in your program.
 *
 * <p>{@link io.khonsu.Khonsu} is the store. A {@link io.khonsu.Table} is a row table, whose rows
 * are found by a primary key, or a batch table, in which a string names a whole batch. Rows go in
 * as {@link io.khonsu.Row}s or as Arrow's {@code VectorSchemaRoot}s, and come out as {@code Row}s
 * or as {@link io.khonsu.RecordBatch}es of Arrow vectors, mostly without a copy.
 *
 * <p>A {@link io.khonsu.Transaction} reads at a snapshot and keeps its writes to itself until it
 * commits; {@link io.khonsu.Khonsu#transact} runs it again when it collides with another. A {@link
 * io.khonsu.Snapshot} only reads: it never waits and never aborts. {@link
 * io.khonsu.TransactionOptions} say how much of others a transaction may notice, and what becomes
 * of writes that collide.
 *
 * <p><b>Errors.</b> A caller's mistake is an {@link java.lang.IllegalArgumentException} or {@link
 * java.lang.IllegalStateException}, mostly of a type of its own, and leaves the transaction as it
 * was. Everything else is a {@link io.khonsu.StoreException}, whose {@link
 * io.khonsu.StoreException#retry} says what to do next.
 *
 * <p><b>Memory.</b> What is passed in is borrowed for the call, and copied. What comes out belongs
 * to its transaction or snapshot and is valid until that ends; {@link io.khonsu.RecordBatch#retain}
 * keeps it longer, and must be closed. {@code Row}s are on the heap and need no care.
 *
 * <p><b>Threads.</b> A store, its tables and all values are thread-safe; a transaction or a
 * snapshot has one user at a time.
 *
 * <p><b>Caveats</b>
 *
 * <ul>
 *   <li>An open transaction or snapshot keeps all history since it began: close it.
 *   <li>A body given to {@code transact} may run many times; it must do nothing outside.
 *   <li>What a transaction writes lies on the heap until it commits, rows written over included.
 *   <li>APPEND to a batch copies all of it, and fails if it would grow beyond {@link
 *       io.khonsu.StoreConfig#transactionSizeMaxBytes}.
 *   <li>{@code rowSizeMaxBytes} is checked against the average row of a batch, not the largest.
 *   <li>Batches that a scan hands out stay in memory until closed, or until their view ends.
 *   <li>Nobody may change the vectors of a {@code RecordBatch}: they may be what is stored.
 *   <li>Blind writes do not conflict under SERIALIZABLE: the later commit wins.
 *   <li>Decimals of 32 and 64 bits and some unions are refused, as Arrow's Java library writes or
 *       reads them wrongly.
 * </ul>
 */
@NullMarked
package io.khonsu;

import org.jspecify.annotations.NullMarked;
