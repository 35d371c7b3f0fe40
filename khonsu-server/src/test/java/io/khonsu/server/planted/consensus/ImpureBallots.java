package io.khonsu.server.planted.consensus;

import org.slf4j.Logger;

/** A pure module that logs. */
record ImpureBallots(Logger log) {}
