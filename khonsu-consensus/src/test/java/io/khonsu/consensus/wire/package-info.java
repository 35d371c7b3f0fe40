@NullMarked
package io.khonsu.consensus.wire;

import org.jspecify.annotations.NullMarked;
