package io.khonsu.server.planted.mvcc;

import io.khonsu.server.planted.consensus.Ballots;

/** A part of the embedded store that knows of clusters. */
record ClusterUser(Ballots ballots) {}
