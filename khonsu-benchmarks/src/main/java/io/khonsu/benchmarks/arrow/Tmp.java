package io.khonsu.benchmarks.arrow;

/** x. */
final class Tmp {
  private Tmp() {}

  public static void main(String[] args) {
    if (args.length > 0) {
      System.err.printf("heap bytes per row %.1f%n", ArrowBenchmark.heapBytesPerRow(1_000_000));
      return;
    }
    int rows = 200_000;
    for (var f : new ArrowBenchmark(rows, 15).run()) {
      System.err.printf(
          "%-32s %10.1f ns/row %10.1f B/row%n", f.name(), f.nanosPerRow(), f.bytesPerRow());
    }
    System.err.printf("heap bytes per row %.1f%n", ArrowBenchmark.heapBytesPerRow(1_000_000));
  }
}
