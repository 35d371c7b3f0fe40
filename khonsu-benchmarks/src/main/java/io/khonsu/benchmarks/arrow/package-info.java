/** The store over Arrow tables, measured through its public API beside plain Arrow vectors. */
@NullMarked
package io.khonsu.benchmarks.arrow;

import org.jspecify.annotations.NullMarked;
