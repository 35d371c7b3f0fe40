package io.khonsu.server.planted.internal.beta;

import io.khonsu.server.planted.internal.alpha.Alpha;

/** Half of a cycle of packages. */
public interface Beta {
  /** {@return the other half} */
  Alpha alpha();
}
