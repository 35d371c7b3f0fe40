/** What {@code khonsu demo} does and reports. */
@NullMarked
package io.khonsu.server.demo;

import org.jspecify.annotations.NullMarked;
