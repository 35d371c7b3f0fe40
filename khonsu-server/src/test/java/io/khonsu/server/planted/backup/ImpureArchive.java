package io.khonsu.server.planted.backup;

import io.khonsu.server.planted.mvcc.Chains;

/** A backup that looks inside the store. */
record ImpureArchive(Chains chains) {}
