package io.khonsu.server.demo;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.khonsu.Durability;
import io.khonsu.Khonsu;
import io.khonsu.StoreConfig;
import io.khonsu.durable.LogKind;
import io.khonsu.server.demo.Transfers.Acknowledgement;
import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * A process of its own that opens a store and commits transfers from several threads until it is
 * killed. It prints a line when it begins to open, and one for each commit that has returned.
 * Belongs to one thread.
 */
final class WriterProcess implements AutoCloseable {
  private static final String OPENING = "opening";

  private final Process process;
  private final BufferedReader output;
  private final List<Acknowledgement> acknowledged = new ArrayList<>();

  private WriterProcess(Process process) {
    this.process = process;
    this.output = process.inputReader(US_ASCII);
  }

  /**
   * Starts it, and returns when it begins to open the store.
   *
   * @param durability {@link Durability#SYNC} or {@link Durability#NONE}
   * @param errors where its complaints go
   */
  static WriterProcess start(
      Path directory, LogKind log, Durability durability, ProcessBuilder.Redirect errors)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.addAll(List.of(WriterProcess.class.getName(), directory.toString(), log.name()));
    command.add(Boolean.toString(durability.equals(Durability.SYNC)));
    WriterProcess writer =
        new WriterProcess(new ProcessBuilder(command).redirectError(errors).start());
    String line = writer.output.readLine();
    if (!OPENING.equals(line)) {
      writer.close();
      throw new IOException("the process that should write did not start, but said " + line);
    }
    return writer;
  }

  /**
   * Returns when at least so many commits have returned there.
   *
   * @throws IOException if it ended before
   */
  void await(int commits) throws IOException {
    while (acknowledged.size() < commits) {
      if (!readOne()) {
        throw new IOException(
            "the process that writes ended after %d of %d commits"
                .formatted(acknowledged.size(), commits));
      }
    }
  }

  private boolean readOne() throws IOException {
    String line = output.readLine();
    if (line == null) {
      return false;
    }
    acknowledged.add(Acknowledgement.parse(line));
    return true;
  }

  /** {@return the number of the process} */
  long pid() {
    return process.pid();
  }

  /** Kills it, as {@code kill -9} does. {@return all commits that had returned, by their end} */
  List<Acknowledgement> kill() throws IOException, InterruptedException {
    // Process.destroyForcibly would also close the pipe, and what is still in it were lost.
    var _ = process.toHandle().destroyForcibly();
    var _ = process.waitFor();
    boolean isMore = true;
    while (isMore) {
      isMore = readOne();
    }
    return List.copyOf(acknowledged);
  }

  /** Kills it if it still runs. */
  @Override
  public void close() {
    var _ = process.destroyForcibly();
  }

  /** The process: directory, kind of the log, whether commits are synced. */
  public static void main(String[] args) throws InterruptedException, ExecutionException {
    Logger.getLogger("").setLevel(Level.SEVERE);
    StoreConfig config =
        StoreConfig.builder()
            .log(LogKind.valueOf(args[1]))
            .durability(Boolean.parseBoolean(args[2]) ? Durability.SYNC : Durability.NONE)
            .build();
    OutputStream out = new FileOutputStream(FileDescriptor.out);
    print(out, OPENING);
    try (Khonsu db = Khonsu.open(Path.of(args[0]), config);
        ExecutorService threads = Executors.newFixedThreadPool(Transfers.WRITERS)) {
      Transfers tables = Transfers.in(db);
      ExecutorCompletionService<Void> writers = new ExecutorCompletionService<>(threads);
      for (int writer = 0; writer < Transfers.WRITERS; writer++) {
        long own = writer;
        var _ =
            writers.submit(() -> {
              while (true) {
                print(out, tables.commitNext(db, own).line());
              }
            });
      }
      var _ = writers.take().get(); // none returns, so it throws what stopped the first
    }
  }

  /** One write to the pipe a line: lines of several threads do not mix, and none is torn. */
  private static void print(OutputStream out, String line) {
    try {
      out.write((line + "\n").getBytes(US_ASCII));
    } catch (IOException e) {
      throw new UncheckedIOException("the parent has gone", e);
    }
  }
}
