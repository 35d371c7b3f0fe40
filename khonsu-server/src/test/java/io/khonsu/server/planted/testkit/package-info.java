/** Planted violations of the architecture's rules. */
@NullMarked
package io.khonsu.server.planted.testkit;

import org.jspecify.annotations.NullMarked;
