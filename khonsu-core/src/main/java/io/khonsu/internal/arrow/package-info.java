/**
 * Arrow batches as the store keeps them, and the kernels over their physical layouts.
 *
 * <p>Nothing here knows of transactions. Kernels walk the physical layouts of a schema, never its
 * logical types, because no helper of Arrow's Java library copies, compares or validates them all.
 */
@NullMarked
package io.khonsu.internal.arrow;

import org.jspecify.annotations.NullMarked;
