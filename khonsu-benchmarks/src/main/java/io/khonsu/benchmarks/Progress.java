package io.khonsu.benchmarks;

import java.io.PrintWriter;
import java.time.Duration;

/** Tells people how far a benchmark is: a line when it starts, and one for each step. */
final class Progress {
  private final PrintWriter out;
  private final int steps;
  private final Duration estimate;
  private final long startedNanos = System.nanoTime();
  private int step;

  Progress(PrintWriter out, int steps, Duration estimate) {
    this.out = out;
    this.steps = steps;
    this.estimate = estimate;
    say("takes about " + text(estimate));
  }

  /** A step begins. */
  void step(String name) {
    step++;
    Duration spent = Duration.ofNanos(System.nanoTime() - startedNanos);
    say("[%d/%d, %s of about %s] %s".formatted(step, steps, text(spent), text(estimate), name));
  }

  private void say(String line) {
    out.println(line);
    out.flush();
  }

  private static String text(Duration duration) {
    return duration.compareTo(Duration.ofMinutes(2)) < 0
        ? duration.toSeconds() + " s"
        : duration.toMinutes() + " min";
  }
}
