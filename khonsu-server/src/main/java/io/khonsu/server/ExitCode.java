package io.khonsu.server;

/** What the program's exit status says about a command; every command uses these. */
enum ExitCode {
  /** The command did what it was asked to. */
  OK(0, "done"),
  /** The command worked, and its answer is no: an absent key, a check that found something. */
  ANSWER_IS_NO(1, "the answer is no: key absent, check failed"),
  /** The arguments make no sense; nothing was done. */
  USAGE(2, "bad usage"),
  /** No store answers, or the program could not be started; trying later may help. */
  UNAVAILABLE(3, "cannot be reached or started"),
  /** The caller may not do this. */
  DENIED(4, "denied"),
  /** The transaction lost against others in every attempt. */
  CONFLICT(5, "conflict, or aborted after all retries"),
  /** Data is lost or damaged. */
  CORRUPTION(6, "data loss or corruption"),
  /** A defect of the program; not 1, which is an answer. */
  INTERNAL_ERROR(70, "internal error"),
  /** Stopped from the keyboard; the JVM itself exits with it. */
  INTERRUPTED(130, "stopped by Ctrl-C"),
  /** Stopped by another process; the JVM itself exits with it. */
  TERMINATED(143, "stopped by SIGTERM");

  private final int code;
  private final String meaning;

  ExitCode(int code, String meaning) {
    this.code = code;
    this.meaning = meaning;
  }

  /** {@return the process exit status} */
  int code() {
    return code;
  }

  /** {@return the line of {@code --help} on it} */
  String meaning() {
    return meaning;
  }
}
