/**
 * Histories of concurrent transactions: running them, checking them, and exporting them.
 *
 * <p>{@link HistoryWorkload} runs seeded random transactions on a store under real threads and
 * records what each client saw ({@link HistoryRecorder}). {@link HistoryChecker} decides at which
 * {@link Consistency} the history is valid and shows what is wrong as a cycle of transactions.
 * {@link HistoryEdn} writes and reads the form that public checkers know. Nothing here needs
 * anything beyond the JDK.
 *
 * <p><em>List append</em> is the workload of choice: every read of a list shows the order of all
 * appends before it, so lost updates, stale reads and cycles can be found from what clients saw
 * alone. <em>Registers</em> show one value only; their order is taken from the commit versions that
 * the store reports.
 *
 * <h2>What a verdict means</h2>
 *
 * <ul>
 *   <li>A failed transaction surely has no effect. A store that can't be sure must say unknown; a
 *       visible failed append is an aborted read.
 *   <li>A transaction of unknown outcome counts as committed as soon as somebody read a value of
 *       it, and as absent until then. Its own reads are not checked.
 *   <li>An append that was acknowledged and then vanished is forbidden by {@link
 *       Consistency#STRICT_SERIALIZABLE} only: without real time, all readers might come before it.
 *       Where the store reports snapshot versions, the weaker levels notice too.
 *   <li>The versions that a store reports are believed where nothing contradicts them: if lists are
 *       in another order than the commit versions, that is an anomaly at every level.
 *   <li>Registers without commit versions are checked for what needs no order only: aborted,
 *       intermediate and garbage reads, circular flow, and updates of one version by two.
 *   <li>There are no predicate reads, so no phantoms, and {@code REPEATABLE_READ} and {@code
 *       SERIALIZABLE} forbid the same. The scripts of {@code io.khonsu.testkit.scenario} cover
 *       predicates.
 *   <li>A store that merges conflicting appends instead of refusing them shows lost updates where
 *       it means none; check such a mode at {@code READ_COMMITTED}.
 * </ul>
 */
@NullMarked
package io.khonsu.testkit.history;

import org.jspecify.annotations.NullMarked;
