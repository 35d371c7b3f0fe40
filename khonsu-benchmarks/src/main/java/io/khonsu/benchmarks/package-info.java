/** Measures Khonsu beside its peers: the program behind {@code ./khonsu bench}. */
@NullMarked
package io.khonsu.benchmarks;

import org.jspecify.annotations.NullMarked;
