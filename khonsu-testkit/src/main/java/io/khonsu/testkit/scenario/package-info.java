/**
 * Golden scripts of isolation anomalies, and the machinery that runs them on any store.
 *
 * <h2>Scripts</h2>
 *
 * A script is a text file in {@code /scripts/isolation}, one line a step:
 *
 * <pre>{@code
 * # Each transaction reads both items and writes one.
 * name G2-item write skew
 * start {x:10, y:20}
 *
 * t1: begin                            also: begin read-only, begin replacing
 * t2: begin
 * t1: read x sees 10                   also: sees none, sees 10 or 11
 * t2: scan value mod 3 = 0 sees {}     predicates: see ScenarioPredicate
 * t1: write x := 11                    also: write x := x + 1, of what was last read
 * t2: delete y                         also: delete y if found, by the last scan
 * t1: commit
 * t2: abort
 *
 * final {x:11, y:20} or {}
 *
 * READ_COMMITTED: allowed, and why
 * }</pre>
 *
 * <p><em>Anomalies</em> ({@code anomaly_*}) write the undesired history down, with what each read
 * sees in it, and a verdict for each {@link io.khonsu.testkit.Level}. <em>Prevented</em> means that
 * the history can't complete as written: some read sees something else, a commit is refused, or the
 * end state differs. <em>Allowed</em> means that it does complete, so a store that refuses more
 * than it must fails as well.
 *
 * <p><em>Scenarios</em> ({@code scenario_*}) write down what to do and leave the results to the
 * store. They are judged by explanation ({@link ScenarioCheck}), most of them in every interleaving
 * of their steps: 45 374 in all, at each level.
 *
 * <h2>Caveats</h2>
 *
 * <ul>
 *   <li>A single thread executes the steps. A commit that is torn for a microsecond, a race between
 *       validation and installation, or a lost wake-up can't be seen here; run the histories of
 *       {@code io.khonsu.testkit.history} under real threads as well.
 *   <li>The verdicts are those of optimistic certification. A store with locks, or one that refuses
 *       readers early, is correct and fails the scripts that are allowed.
 *   <li>{@code SERIALIZABLE} is judged strictly: a serial order must also respect real time. The
 *       models in the scenario files are the plain ones, which refuse a little less.
 *   <li>At {@code READ_COMMITTED} the scripts also demand that a write-write conflict since the
 *       begin is refused, which PL-2 does not ask for. The explanation of scenarios doesn't.
 *   <li>At {@code REPEATABLE_READ} the rows that a scan returned may or may not count as items
 *       read; the only script that notices says {@code either}.
 *   <li>Conflict strategies other than refusing and replacing have no scripts, nor has dropping a
 *       table under an open transaction: they mean something else in every store.
 * </ul>
 */
@NullMarked
package io.khonsu.testkit.scenario;

import org.jspecify.annotations.NullMarked;
