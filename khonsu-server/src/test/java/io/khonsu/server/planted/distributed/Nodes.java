package io.khonsu.server.planted.distributed;

/** Something of the cluster. */
public record Nodes(int count) {}
