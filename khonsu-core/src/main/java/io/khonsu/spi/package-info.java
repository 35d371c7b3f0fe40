/**
 * What the store needs of others: implement {@link io.khonsu.spi.Storage} to keep commits anywhere.
 */
@NullMarked
package io.khonsu.spi;

import org.jspecify.annotations.NullMarked;
