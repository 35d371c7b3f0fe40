/** Planted violations of the architecture's rules. */
@NullMarked
package io.khonsu.server.planted.spi;

import org.jspecify.annotations.NullMarked;
