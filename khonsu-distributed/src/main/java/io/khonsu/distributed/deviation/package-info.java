/** Defects that a simulation plants to see whether it notices them. */
@NullMarked
package io.khonsu.distributed.deviation;

import org.jspecify.annotations.NullMarked;
