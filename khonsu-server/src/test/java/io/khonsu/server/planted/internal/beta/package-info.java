/** Planted violations of the architecture's rules. */
@NullMarked
package io.khonsu.server.planted.internal.beta;

import org.jspecify.annotations.NullMarked;
