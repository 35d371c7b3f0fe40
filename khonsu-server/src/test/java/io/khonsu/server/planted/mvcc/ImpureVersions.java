package io.khonsu.server.planted.mvcc;

import org.slf4j.Logger;

/** A pure module that logs. */
record ImpureVersions(Logger log) {}
