package io.khonsu.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** Options that say where a benchmark's results go, beside the table that it prints. */
final class ResultFiles {
  @Option(names = "--json", paramLabel = "FILE", description = "Write all that was measured there.")
  private @Nullable Path json;

  @Option(
      names = "--markdown",
      paramLabel = "FILE",
      description =
          "Write the tables there. A file that exists keeps all but what stands between the lines"
              + " <!-- begin bench NAME --> and <!-- end bench NAME -->.")
  private @Nullable Path markdown;

  @Option(names = "--svg", paramLabel = "FILE", description = "Draw a chart there.")
  private @Nullable Path svg;

  /**
   * Finds out beforehand whether the results can be written.
   *
   * @param name the benchmark's
   * @throws ParameterException if not
   */
  void check(CommandSpec spec, String name) {
    for (@Nullable Path file : new @Nullable Path[] {json, markdown, svg}) {
      if (file != null && !isWritable(file.toAbsolutePath())) {
        throw new ParameterException(spec.commandLine(), "cannot write " + file);
      }
    }
    if (markdown == null || Files.notExists(markdown)) {
      return;
    }
    try {
      var _ = replaced(Files.readString(markdown), name, "");
    } catch (IOException | IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), markdown + ": " + e.getMessage(), e);
    }
  }

  /** The same, of a benchmark that draws nothing. */
  void checkWithoutChart(CommandSpec spec, String name) {
    if (svg != null) {
      throw new ParameterException(
          spec.commandLine(), "bench %s draws no chart: leave out --svg".formatted(name));
    }
    check(spec, name);
  }

  void writeJson(Object values) throws IOException {
    if (json != null) {
      Files.writeString(json, Json.of(values));
    }
  }

  /** Writes the text, after the chart if one is drawn. */
  void writeMarkdown(String name, String text) throws IOException {
    if (markdown == null) {
      return;
    }
    String old = Files.exists(markdown) ? Files.readString(markdown) : begin(name) + end(name);
    Files.writeString(markdown, replaced(old, name, chart(markdown) + text));
  }

  void writeSvg(String picture) throws IOException {
    if (svg != null) {
      Files.writeString(svg, picture);
    }
  }

  private String chart(Path page) {
    if (svg == null) {
      return "";
    }
    Path directory = Objects.requireNonNull(page.toAbsolutePath().getParent());
    String link = directory.relativize(svg.toAbsolutePath()).toString().replace('\\', '/');
    return "![Khonsu beside its peers](" + link + ")\n\n";
  }

  /** {@return a document with another text between a benchmark's two lines} */
  static String replaced(String document, String name, String text) {
    String beginLine = begin(name);
    int begin = document.indexOf(beginLine);
    int end = document.indexOf(end(name));
    if (begin < 0 || end < begin) {
      throw new IllegalArgumentException(
          "has no line " + beginLine.strip() + " with its end after it");
    }
    return document.substring(0, begin + beginLine.length()) + text + document.substring(end);
  }

  private static String begin(String name) {
    return "<!-- begin bench " + name + " -->\n";
  }

  private static String end(String name) {
    return "<!-- end bench " + name + " -->\n";
  }

  private static boolean isWritable(Path file) {
    return Files.exists(file)
        ? Files.isRegularFile(file) && Files.isWritable(file)
        : Files.isWritable(Objects.requireNonNull(file.getParent()));
  }
}
