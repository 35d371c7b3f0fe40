@NullMarked
package io.khonsu.testkit.history;

import org.jspecify.annotations.NullMarked;
