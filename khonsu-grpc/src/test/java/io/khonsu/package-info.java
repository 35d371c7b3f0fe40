/** What is tested of a store in this process, of one that a client sees. */
@org.jspecify.annotations.NullMarked
package io.khonsu;
