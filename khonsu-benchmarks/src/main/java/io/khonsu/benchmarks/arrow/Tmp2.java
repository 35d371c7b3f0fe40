package io.khonsu.benchmarks.arrow;

import io.khonsu.Khonsu;
import io.khonsu.RecordBatch;
import io.khonsu.Scan;
import io.khonsu.Table;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;

/** x. */
final class Tmp2 {
  private Tmp2() {}

  public static void main(String[] args) {
    int rows = 200_000;
    long sink = 0;
    try (BufferAllocator a = new RootAllocator();
        var source = Flights.rows(a, 0, rows);
        Khonsu db = Khonsu.inMemory()) {
      Table t = Flights.createIn(db);
      db.run(tx -> tx.upsert(t, source));
      for (int k = 0; k < 40; k++) {
        long s = System.nanoTime();
        for (int i = 0; i < 20; i++) {
          sink +=
              db.<Long, RuntimeException>readOnly(
                  x -> x.scan(t, Scan.all().columns("delay")).rowCount());
        }
        long m = System.nanoTime();
        for (int i = 0; i < 20; i++) {
          sink +=
              db.<Long, RuntimeException>readOnly(x -> {
                long n = 0;
                for (RecordBatch b : x.scan(t, Scan.all().columns("delay"))) {
                  n += b.rowCount();
                }
                return n;
              });
        }
        long e = System.nanoTime();
        if (k % 8 == 7)
          System.err.printf(
              "find %.2f ns/row, find+export %.2f ns/row%n",
              (m - s) / 20.0 / rows, (e - m) / 20.0 / rows);
      }
    }
    System.err.println(sink);
  }
}
