/** What is tested of a store in this process, of one on a node in it. */
@org.jspecify.annotations.NullMarked
package io.khonsu;
