/**
 * Deterministic simulation of a consensus cluster: the real state machines, on a simulated network,
 * disk and time, all in one thread and repeatable by a seed.
 *
 * <p>A {@link io.khonsu.simulation.Settings family} says how large a cluster is, what goes wrong
 * and what clients do. One seed makes one run of it: a {@code World} in which the {@code Scheduler}
 * is the only clock and the seed's generator the only chance. {@code SimulatedNode} drives a {@code
 * Replica} as the program does: it writes, sends, applies and reports in the order that the
 * replica's output prescribes. {@code Invariants} looks at every step of every replica, and what it
 * knows is more than any replica knows: what is on all disks at once. {@code Nemesis} breaks
 * things. At the end everything is healed, and the cluster must become whole within a bounded time.
 *
 * <p>A run ends in a {@link io.khonsu.simulation.RunReport}: counts, a digest of the whole trace,
 * and the violation, if there is one.
 */
@NullMarked
package io.khonsu.simulation;

import org.jspecify.annotations.NullMarked;
