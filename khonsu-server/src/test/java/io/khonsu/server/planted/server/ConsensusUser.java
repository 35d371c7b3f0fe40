package io.khonsu.server.planted.server;

import io.khonsu.server.planted.consensus.Ballots;

/** A module that knows how commits are ordered. */
record ConsensusUser(Ballots ballots) {}
