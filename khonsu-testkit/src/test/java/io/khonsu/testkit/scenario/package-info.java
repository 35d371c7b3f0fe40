@NullMarked
package io.khonsu.testkit.scenario;

import org.jspecify.annotations.NullMarked;
