/** Planted violations of the architecture's rules. */
@NullMarked
package io.khonsu.server.planted.mvcc;

import org.jspecify.annotations.NullMarked;
