/** Tests of how clusters are hurt. */
@org.jspecify.annotations.NullMarked
package io.khonsu.server.torture;
