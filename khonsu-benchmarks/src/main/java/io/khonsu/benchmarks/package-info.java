/** io.khonsu.benchmarks. */
@NullMarked
package io.khonsu.benchmarks;

import org.jspecify.annotations.NullMarked;
