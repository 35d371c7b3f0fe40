/** Ways to break the protocol on purpose, for the tests and the simulation alone. */
@NullMarked
package io.khonsu.consensus.deviation;

import org.jspecify.annotations.NullMarked;
