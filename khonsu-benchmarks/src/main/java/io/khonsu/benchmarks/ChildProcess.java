package io.khonsu.benchmarks;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** A process that was started here and ends with this one; most answer commands. For one thread. */
final class ChildProcess implements AutoCloseable {
  /** The same for everything that is written in Java: what the launcher has, and a small heap. */
  private static final List<String> FLAGS =
      List.of(
          "-Xmx1g",
          "-XX:+UseCompactObjectHeaders",
          "--add-opens=java.base/java.nio=ALL-UNNAMED",
          "--sun-misc-unsafe-memory-access=allow",
          "--enable-native-access=ALL-UNNAMED");

  /** Given where the launcher has given it to this process: where the system has them. */
  static final String HUGE_PAGES = "-XX:+UseTransparentHugePages";

  private static final int STOP_SECONDS = 10;
  private static final int END_SECONDS = 120;

  private final Process process;
  private final Path log;
  private final BufferedReader answers;
  private final PrintWriter commands;

  private ChildProcess(Process process, Path log) {
    this.process = process;
    this.log = log;
    this.answers = process.inputReader(StandardCharsets.UTF_8);
    this.commands = new PrintWriter(process.outputWriter(StandardCharsets.UTF_8), true);
    Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
  }

  /** Starts a program; what it says, and is no answer, is appended to {@code log}. */
  static ChildProcess start(List<String> command, Path log) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command);
    var _ = builder.redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()));
    return new ChildProcess(builder.start(), log);
  }

  /**
   * Starts a program in Java.
   *
   * @param flags for its virtual machine, beside those that all have
   */
  static ChildProcess startJava(
      List<String> flags, Class<?> program, List<String> arguments, Path log) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(FLAGS);
    if (hasHugePages()) {
      command.add(HUGE_PAGES);
    }
    command.addAll(flags);
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.add(program.getName());
    command.addAll(arguments);
    return start(command, log);
  }

  /** {@return the flags of the virtual machines, for people} */
  static String flags() {
    return String.join(" ", FLAGS.subList(0, 2)) + (hasHugePages() ? " " + HUGE_PAGES : "");
  }

  private static boolean hasHugePages() {
    List<String> own = ManagementFactory.getRuntimeMXBean().getInputArguments();
    return own.lastIndexOf(HUGE_PAGES) > own.lastIndexOf(HUGE_PAGES.replace('+', '-'));
  }

  /**
   * Waits for the next answer.
   *
   * @throws IllegalStateException if it ends or says nothing in time
   */
  String answer(Duration timeout) throws InterruptedException {
    CompletableFuture<@Nullable String> line = new CompletableFuture<>();
    Thread.ofPlatform()
        .daemon()
        .start(() -> {
          try {
            line.complete(answers.readLine());
          } catch (IOException | UncheckedIOException _) {
            line.complete(null); // it was killed
          }
        });
    String answer;
    try {
      answer = line.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw new IllegalStateException("a process did not answer in time; " + said(), e);
    }
    if (answer == null) {
      throw new IllegalStateException("a process has ended; " + said());
    }
    return answer;
  }

  private String said() {
    try {
      List<String> lines = Files.readAllLines(log);
      return "its last words: "
          + String.join("\n", lines.subList(Math.max(0, lines.size() - 20), lines.size()));
    } catch (IOException e) {
      return log + " cannot be read: " + e;
    }
  }

  /** Gives a command; its answer must be waited for before the next one. */
  void tell(String command) {
    commands.println(command);
  }

  /** {@return the answer to a command} */
  String ask(String command, Duration timeout) throws InterruptedException {
    tell(command);
    return answer(timeout);
  }

  /** {@return how much processor time it has used, in steps of 10 ms} */
  long cpuNanos() {
    return process.info().totalCpuDuration().orElse(Duration.ZERO).toNanos();
  }

  /**
   * Waits until it has ended by itself.
   *
   * @throws IllegalStateException if it says that it has failed, or does not end
   */
  void awaitEnd() throws InterruptedException {
    if (!process.waitFor(END_SECONDS, TimeUnit.SECONDS) || process.exitValue() != 0) {
      throw new IllegalStateException("a process has failed; " + said());
    }
  }

  boolean isAlive() {
    return process.isAlive();
  }

  /**
   * Kills it, as {@code kill -9} does. It does nothing more from then on, but the system takes a
   * while to give back its memory, in which {@link #isAlive} may still be true.
   */
  void kill() {
    var _ = process.destroyForcibly();
  }

  /** Kills it, and waits until it has gone. */
  void end() throws InterruptedException {
    kill();
    var _ = process.waitFor();
  }

  /**
   * Stops it, or lets it go on, as {@code kill -STOP} and {@code kill -CONT} do.
   *
   * @throws IOException if there is no such program
   */
  void suspend(boolean stops) throws IOException, InterruptedException {
    String signal = stops ? "-STOP" : "-CONT";
    Process kill =
        new ProcessBuilder("kill", signal, Long.toString(process.pid())).inheritIO().start();
    if (kill.waitFor() != 0) {
      throw new IOException("process %d cannot be signalled".formatted(process.pid()));
    }
  }

  /** Lets it end, with its input or as {@code kill} does; in the end, kills it. */
  @Override
  public void close() {
    commands.close();
    process.destroy();
    try {
      if (!process.waitFor(STOP_SECONDS, TimeUnit.SECONDS)) {
        end();
      }
    } catch (InterruptedException _) {
      var _ = process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
