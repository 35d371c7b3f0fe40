/** Stores as the checkers of histories see them: lists to append to, and registers. */
@NullMarked
package io.khonsu.server.history;

import org.jspecify.annotations.NullMarked;
