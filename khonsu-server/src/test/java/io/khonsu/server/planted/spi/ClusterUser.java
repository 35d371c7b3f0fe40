package io.khonsu.server.planted.spi;

import io.khonsu.server.planted.distributed.Nodes;

/** A part of the embedded store that knows of clusters. */
public record ClusterUser(Nodes nodes) {}
