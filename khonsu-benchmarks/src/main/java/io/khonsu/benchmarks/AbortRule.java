package io.khonsu.benchmarks;

/** A way to decide which transactions must abort, driven step by step on one thread. */
interface AbortRule {

  /** Begins a transaction. */
  Attempt begin(AbortLoad.Program program);

  /** One run of a transaction. */
  interface Attempt {
    void read(int item);

    void write(int item);

    /** {@return whether it commits; if not, it has aborted} */
    boolean commit();

    /** {@return whether it has aborted before its end} */
    default boolean isAborted() {
      return false;
    }
  }
}
