/** Planted violations of the architecture's rules. */
@NullMarked
package io.khonsu.server.planted.benchmarks;

import org.jspecify.annotations.NullMarked;
