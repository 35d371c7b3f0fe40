package io.khonsu.server.planted.testkit;

/** What only the program and tests may use. */
public interface Kit {}
