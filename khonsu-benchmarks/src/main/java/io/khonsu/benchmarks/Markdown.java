package io.khonsu.benchmarks;

import java.util.List;

/** Tables for the documentation. */
final class Markdown {
  private Markdown() {}

  /** {@return a table; every row has as many cells as the header} */
  static String table(List<String> header, List<List<String>> rows) {
    StringBuilder table = new StringBuilder(line(header));
    table.append("|---".repeat(header.size())).append("|\n");
    rows.forEach(row -> table.append(line(row)));
    return table.toString();
  }

  private static String line(List<String> cells) {
    return "| " + String.join(" | ", cells) + " |\n";
  }
}
