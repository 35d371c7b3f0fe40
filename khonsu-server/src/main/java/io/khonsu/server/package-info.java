/** The {@code khonsu} program: its commands, and what they share. */
@NullMarked
package io.khonsu.server;

import org.jspecify.annotations.NullMarked;
