/** OmniPaxos as a deterministic state machine. */
@NullMarked
package io.khonsu.consensus;

import org.jspecify.annotations.NullMarked;
