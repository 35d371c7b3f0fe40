package io.khonsu.server.node;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** {@code khonsu server} in a process of its own, which ends with this one. Thread-safe. */
public final class ServerProcess implements AutoCloseable {
  private static final Duration STOP_TIMEOUT = Duration.ofSeconds(20);

  private final Process process;

  private ServerProcess(Process process) {
    this.process = process;
  }

  /**
   * Starts one.
   *
   * @param mainClass the program's
   * @param options of {@code khonsu server}
   * @param output where all that it says is appended to
   */
  public static ServerProcess start(String mainClass, List<String> options, Path output)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-XX:TieredStopAtLevel=1"); // several that start at once share few processors
    command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), mainClass, "server"));
    command.add("--stop-at-end-of-input"); // so that it outlives nobody who was killed
    command.addAll(options);
    return new ServerProcess(
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(output.toFile()))
            .start());
  }

  /** {@return its number} */
  public long pid() {
    return process.pid();
  }

  /** {@return whether it runs} */
  public boolean isAlive() {
    return process.isAlive();
  }

  /** {@return what completes when it has ended} */
  CompletableFuture<Process> onEnd() {
    return process.onExit();
  }

  /**
   * Lets it stand still, as {@code kill -STOP} does, until {@link #resume}.
   *
   * @throws IOException if this system cannot do that
   */
  public void pause() throws IOException, InterruptedException {
    signal("STOP");
  }

  /** Lets it go on, as {@code kill -CONT} does. */
  public void resume() throws IOException, InterruptedException {
    signal("CONT");
  }

  private void signal(String name) throws IOException, InterruptedException {
    SystemCommand.run("kill", "-" + name, pid());
  }

  /** Kills it, as {@code kill -9} does, and waits until it has gone. */
  public void kill() throws InterruptedException {
    var _ = process.destroyForcibly().waitFor();
  }

  /**
   * Lets it stop, as {@code kill} does, and waits for that; in the end, kills it.
   *
   * @return its exit status
   */
  public int stop() throws InterruptedException {
    var _ = process.toHandle().destroy(); // Process.destroy would also close its input
    if (!process.waitFor(STOP_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)) {
      kill();
    }
    return process.waitFor();
  }

  /** Kills it if it still runs. */
  @Override
  public void close() {
    var _ = process.destroyForcibly();
  }
}
