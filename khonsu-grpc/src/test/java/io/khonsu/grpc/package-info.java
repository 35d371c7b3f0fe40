@NullMarked
package io.khonsu.grpc;

import org.jspecify.annotations.NullMarked;
