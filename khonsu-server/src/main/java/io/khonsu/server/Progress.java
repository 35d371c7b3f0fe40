package io.khonsu.server;

import java.io.Console;
import java.io.PrintWriter;
import java.util.function.LongSupplier;

/**
 * The line that says how far a command is: redrawn in place on a terminal, elsewhere a new line at
 * most once a second. Not thread-safe.
 */
final class Progress implements AutoCloseable {
  /** Where the lines go to. */
  enum Target {
    TERMINAL,
    FILE;

    /** {@return where what this program prints goes to} */
    @SuppressWarnings("SystemConsoleNull") // null again without a terminal since JDK 25
    static Target here() {
      Console console = System.console();
      return console != null && console.isTerminal() ? TERMINAL : FILE;
    }
  }

  private static final long NANOS_BETWEEN_LINES = 1_000_000_000L;

  private final PrintWriter out;
  private final Target target;
  private final LongSupplier nanos;
  private int shownLength;
  private boolean hasPrinted;
  private long printedNanos;

  /**
   * Creates a progress line that shows nothing yet.
   *
   * @param nanos a monotone clock, such as {@code System::nanoTime}
   */
  Progress(PrintWriter out, Target target, LongSupplier nanos) {
    this.out = out;
    this.target = target;
    this.nanos = nanos;
  }

  /** {@return a progress line for a program whose messages go to {@code err}} */
  static Progress on(PrintWriter err) {
    return new Progress(err, Target.here(), System::nanoTime);
  }

  /** Shows a line of text in place of the one before. */
  void show(String line) {
    switch (target) {
      case TERMINAL -> {
        out.print('\r' + line + " ".repeat(Math.max(0, shownLength - line.length())));
        out.flush();
        shownLength = line.length();
      }
      case FILE -> {
        long now = nanos.getAsLong();
        if (!hasPrinted || now - printedNanos >= NANOS_BETWEEN_LINES) {
          out.println(line);
          out.flush();
          hasPrinted = true;
          printedNanos = now;
        }
      }
    }
  }

  /** Wipes the line off a terminal, so that results can stand there. */
  void clear() {
    if (shownLength > 0) {
      out.print('\r' + " ".repeat(shownLength) + '\r');
      out.flush();
      shownLength = 0;
    }
  }

  @Override
  public void close() {
    clear();
  }
}
