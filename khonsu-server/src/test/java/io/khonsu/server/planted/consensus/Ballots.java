package io.khonsu.server.planted.consensus;

/** What others must not use. */
public record Ballots() {}
