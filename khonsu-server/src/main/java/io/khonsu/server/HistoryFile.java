package io.khonsu.server;

import io.khonsu.testkit.history.History;
import io.khonsu.testkit.history.HistoryEdn;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.Reader;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;

/**
 * Where a history is written to.
 *
 * @param name of a file, or {@value #STANDARD_OUTPUT}
 * @param overwrites whether the file may exist
 */
record HistoryFile(String name, boolean overwrites) {
  /** The name of standard output. */
  static final String STANDARD_OUTPUT = "-";

  private static final Set<OpenOption> NEW =
      Set.of(StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW);
  private static final Set<OpenOption> ANY =
      Set.of(
          StandardOpenOption.WRITE,
          StandardOpenOption.CREATE,
          StandardOpenOption.TRUNCATE_EXISTING);

  /**
   * {@return the history in a file}
   *
   * @throws IOException if there is none; the message says what is wrong
   */
  static History read(Path file) throws IOException {
    try (Reader reader = Files.newBufferedReader(file)) {
      return HistoryEdn.read(reader);
    } catch (NoSuchFileException e) {
      throw new IOException("there is no file " + file, e);
    } catch (IOException e) {
      throw new IOException("cannot read " + file + ": " + e.getMessage(), e);
    }
  }

  /**
   * Finds out before the work, rather than after it, whether the file can be written.
   *
   * @throws IOException if not; the message says why
   */
  void checkWritable() throws IOException {
    if (name.equals(STANDARD_OUTPUT)) {
      return;
    }
    Path file = Path.of(name).toAbsolutePath();
    Path directory = file.getParent();
    if (directory == null || !Files.isDirectory(directory)) {
      throw new IOException("cannot write " + name + ": there is no directory " + directory);
    }
    if (Files.isDirectory(file)) {
      throw new IOException("cannot write " + name + ": it is a directory");
    }
    if (Files.exists(file) && !overwrites) {
      throw new IOException(name + " exists: --force overwrites it");
    }
  }

  /**
   * Writes a history.
   *
   * @param out standard output; not closed
   * @throws IOException if it cannot be written, or was created in the meantime
   */
  void write(History history, PrintWriter out) throws IOException {
    if (name.equals(STANDARD_OUTPUT)) {
      HistoryEdn.write(history, out);
      out.flush();
      return;
    }
    Set<OpenOption> options = overwrites ? ANY : NEW;
    try (Writer writer =
        Files.newBufferedWriter(Path.of(name), options.toArray(OpenOption[]::new))) {
      HistoryEdn.write(history, writer);
    } catch (IOException e) {
      throw new IOException("cannot write " + name + ": " + e.getMessage(), e);
    }
  }
}
