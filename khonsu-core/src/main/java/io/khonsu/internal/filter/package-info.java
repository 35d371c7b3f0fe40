/** Row filters, made ready for the columns of one table. */
@NullMarked
package io.khonsu.internal.filter;

import org.jspecify.annotations.NullMarked;
