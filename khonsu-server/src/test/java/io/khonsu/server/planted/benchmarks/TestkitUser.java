package io.khonsu.server.planted.benchmarks;

import io.khonsu.server.planted.testkit.Kit;

/** A module that uses the test kit outside its tests. */
record TestkitUser(Kit kit) {}
