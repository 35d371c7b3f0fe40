/** io.khonsu.server. */
@NullMarked
package io.khonsu.server;

import org.jspecify.annotations.NullMarked;
