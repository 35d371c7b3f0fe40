@NullMarked
package io.khonsu.server.demo;

import org.jspecify.annotations.NullMarked;
