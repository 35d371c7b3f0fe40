/** io.khonsu. */
@NullMarked
package io.khonsu;

import org.jspecify.annotations.NullMarked;
