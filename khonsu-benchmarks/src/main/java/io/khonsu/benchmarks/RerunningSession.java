package io.khonsu.benchmarks;

/** A session of a contender that runs a transaction's body again by itself. */
abstract class RerunningSession extends Session {
  private Task current = new Task(new int[0]);
  private long tries;

  @Override
  final long transact(Task task) {
    current = task;
    long before = tries;
    try {
      return execute(task);
    } finally {
      countRetries(tries - before - 1);
    }
  }

  /** Hands {@link #attempt} to the contender; {@return what its committed run returned} */
  abstract long execute(Task task);

  /** Runs the transaction once. */
  final Long attempt() {
    tries++;
    return current.run(this);
  }

  final Task current() {
    return current;
  }
}
