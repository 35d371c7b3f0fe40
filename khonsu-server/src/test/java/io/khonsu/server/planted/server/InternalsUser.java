package io.khonsu.server.planted.server;

import io.khonsu.server.planted.internal.alpha.Alpha;

/** A module other than core that uses core's internals. */
record InternalsUser(Alpha alpha) {}
