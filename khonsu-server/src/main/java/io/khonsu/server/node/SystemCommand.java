package io.khonsu.server.node;

import java.io.IOException;
import java.nio.charset.Charset;
import java.util.Arrays;
import java.util.List;

/** Programs of this machine that are run for a moment. */
public final class SystemCommand {
  private static final int OUTPUT_BYTES_MAX = 64 << 10;

  private SystemCommand() {}

  /**
   * Runs a program, and waits until it has ended.
   *
   * @param words its name and its arguments, as text
   * @throws IOException if there is none of that name, or it ends with another status than 0; the
   *     message says what it said
   */
  public static void run(Object... words) throws IOException, InterruptedException {
    List<String> command = Arrays.stream(words).map(Object::toString).toList();
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said;
    try (var output = process.getInputStream()) {
      said = new String(output.readNBytes(OUTPUT_BYTES_MAX), Charset.defaultCharset()).strip();
    }
    if (process.waitFor() != 0) {
      throw new IOException(
          "%s ended with %d: %s".formatted(String.join(" ", command), process.exitValue(), said));
    }
  }
}
