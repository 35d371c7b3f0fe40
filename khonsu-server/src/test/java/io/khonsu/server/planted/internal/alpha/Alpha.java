package io.khonsu.server.planted.internal.alpha;

import io.khonsu.server.planted.internal.beta.Beta;

/** Half of a cycle of packages. */
public interface Alpha {
  /** {@return the other half} */
  Beta beta();
}
