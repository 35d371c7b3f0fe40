package io.khonsu;

/** What a write expects of the row. */
enum WriteMode {
  /** Nothing. */
  UPSERT,
  /** That there is none. */
  INSERT,
  /** That there is one. */
  UPDATE
}
