package io.khonsu.simulation;

import io.khonsu.consensus.Persist;
import org.jspecify.annotations.Nullable;

/**
 * A write that a crash may still undo.
 *
 * @param persist what is written
 * @param snapshot the content of the snapshot that it installs, or null
 */
record PendingWrite(Persist persist, @Nullable Chain snapshot) {}
