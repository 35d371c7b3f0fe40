/** Planted violations of the architecture's rules. */
@NullMarked
package io.khonsu.server.planted.server;

import org.jspecify.annotations.NullMarked;
