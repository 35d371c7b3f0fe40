/** Nodes in processes of their own that are hurt on purpose, and what their clients saw. */
@NullMarked
package io.khonsu.server.torture;

import org.jspecify.annotations.NullMarked;
