/** Planted violations of the architecture's rules. */
@NullMarked
package io.khonsu.server.planted.distributed;

import org.jspecify.annotations.NullMarked;
