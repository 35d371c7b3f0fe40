package io.khonsu.server.planted.mvcc;

/** Pure, for others to misuse. */
public interface Chains {}
