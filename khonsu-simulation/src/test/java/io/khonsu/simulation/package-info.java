/** Tests of the simulation, and of the protocol by it. */
@NullMarked
package io.khonsu.simulation;

import org.jspecify.annotations.NullMarked;
