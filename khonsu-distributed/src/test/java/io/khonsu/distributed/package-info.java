/** Nodes in one process. */
@NullMarked
package io.khonsu.distributed;

import org.jspecify.annotations.NullMarked;
