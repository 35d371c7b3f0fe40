/**
 * Tools to test a transactional store with: no module of Khonsu is needed, and any store can be
 * plugged in.
 *
 * <ul>
 *   <li>{@code io.khonsu.testkit.scenario}: golden scripts for each isolation anomaly, run step by
 *       step in every interleaving.
 *   <li>{@code io.khonsu.testkit.history}: random transactions under real threads, and a checker
 *       that says which isolation level their history has.
 *   <li>{@link io.khonsu.testkit.LeakChecking}: fails a test that leaks Arrow memory.
 * </ul>
 *
 * <p>The scripts find logical errors and show them in a few lines; the histories find races.
 * Neither replaces the other. JUnit and Arrow are needed by the classes made for them only: {@link
 * io.khonsu.testkit.LeakChecking} and {@code ScenarioSuite}.
 */
@NullMarked
package io.khonsu.testkit;

import org.jspecify.annotations.NullMarked;
