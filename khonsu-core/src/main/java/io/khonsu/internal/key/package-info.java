/**
 * The order of cells: which columns have one, primary keys as bytes that compare like the cells,
 * and key ranges over these bytes.
 */
@NullMarked
package io.khonsu.internal.key;

import org.jspecify.annotations.NullMarked;
