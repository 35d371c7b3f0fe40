package io.khonsu.testkit.history;

/** What a history can be checked against, weakest first; each forbids what the ones before do. */
public enum Consistency {
  READ_COMMITTED,
  SNAPSHOT,
  REPEATABLE_READ,
  SERIALIZABLE,
  STRICT_SERIALIZABLE
}
