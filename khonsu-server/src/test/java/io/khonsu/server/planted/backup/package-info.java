/** Planted violations of the architecture's rules. */
@NullMarked
package io.khonsu.server.planted.backup;

import org.jspecify.annotations.NullMarked;
