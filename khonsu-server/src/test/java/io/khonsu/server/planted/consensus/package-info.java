/** Planted violations of the architecture's rules. */
@NullMarked
package io.khonsu.server.planted.consensus;

import org.jspecify.annotations.NullMarked;
