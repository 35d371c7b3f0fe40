@NullMarked
package io.khonsu.testkit;

import org.jspecify.annotations.NullMarked;
