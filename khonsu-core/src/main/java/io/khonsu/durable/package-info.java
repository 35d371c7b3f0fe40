/**
 * What makes a store durable on one machine: a log of commits, the state that they add up to, and
 * what holds the two together. For those who build on it, as backups and clusters do; applications
 * use {@link io.khonsu.Khonsu#open(java.nio.file.Path)}.
 *
 * <p>A directory holds {@code khonsu.store}, which says whose it is and how far the log was synced
 * ({@link io.khonsu.durable.StoreFile}); {@code log}, in which every commit is synced before it is
 * acknowledged; and {@code state}, the fold of all commits up to an applied version, which follows
 * in the background and is never synced commit by commit. What the state has safely taken up, the
 * log lets go.
 */
@NullMarked
package io.khonsu.durable;

import org.jspecify.annotations.NullMarked;
