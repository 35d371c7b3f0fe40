package io.khonsu.benchmarks;

import com.sun.management.ThreadMXBean;
import io.khonsu.Khonsu;
import io.khonsu.RecordBatch;
import io.khonsu.Row;
import io.khonsu.Scan;
import io.khonsu.StoreConfig;
import io.khonsu.Table;
import io.khonsu.Transaction;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.LongSupplier;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.SmallIntVector;
import org.apache.arrow.vector.VectorSchemaRoot;

/**
 * Rows through the public API, on one thread: what each costs, beside doing the same to plain Arrow
 * vectors in the same rounds. Rounds are interleaved; the median counts.
 */
final class ArrowBenchmark {
  private static final int SINGLE_ROWS = 20_000;

  /** Stores whose batches stay as they are until the benchmark compacts them. */
  private static final StoreConfig ON_DEMAND =
      StoreConfig.builder().compactionRowsPerSecond(0).build();

  private final int rows;
  private final int rounds;
  private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
  private long sink;

  ArrowBenchmark(int rows, int rounds) {
    this.rows = rows;
    this.rounds = rounds;
  }

  /**
   * One figure.
   *
   * @param name what was measured
   * @param nanosPerRow the median over the rounds
   * @param bytesPerRow heap bytes allocated per row, the median likewise
   */
  record Figure(String name, double nanosPerRow, double bytesPerRow) {}

  List<Figure> run() {
    try (BufferAllocator allocator = new RootAllocator();
        VectorSchemaRoot source = Flights.rows(allocator, 0, rows);
        Khonsu changing = Khonsu.inMemory(ON_DEMAND);
        Khonsu loaded = Khonsu.inMemory(ON_DEMAND);
        Khonsu scattered = Khonsu.inMemory(ON_DEMAND);
        Khonsu compacted = Khonsu.inMemory(ON_DEMAND)) {
      Table flights = load(changing, source);
      Table still = load(loaded, source);
      Table single = loadSingly(scattered, rows);
      Table together = loadSingly(compacted, rows);
      compacted.compact();
      List<Case> cases =
          List.of(
              new Case("bulk upsert, new rows", rows, () -> bulkLoad(source)),
              new Case("copy of the same vectors", rows, () -> copy(allocator, source)),
              new Case(
                  "bulk upsert, existing rows", rows, () -> bulkUpdate(changing, flights, source)),
              new Case(
                  "upsert of 1 row and commit",
                  SINGLE_ROWS,
                  () -> singles(changing, flights, true)),
              new Case(
                  "upsert of 1 row and rollback",
                  SINGLE_ROWS,
                  () -> singles(changing, flights, false)),
              new Case("empty transaction", SINGLE_ROWS, () -> empty(changing)),
              new Case("get of 1 row by key", SINGLE_ROWS, () -> gets(changing, flights)),
              new Case("scan, sum of a column", rows, () -> scanSum(loaded, still)),
              new Case(
                  "the same, 1 row in 10 changed since", rows, () -> scanSum(changing, flights)),
              new Case("compaction of that", rows, () -> compact(changing)),
              new Case("the same, compacted", rows, () -> scanSum(changing, flights)),
              new Case(
                  "scan, written by 1-row transactions", rows, () -> scanSum(scattered, single)),
              new Case("the same, compacted once", rows, () -> scanSum(compacted, together)),
              new Case("sum of a plain vector", rows, () -> vectorSum(source)));
      return measure(cases);
    }
  }

  private static Table load(Khonsu db, VectorSchemaRoot source) {
    Table flights = Flights.createIn(db);
    db.run(tx -> tx.upsert(flights, source));
    return flights;
  }

  /** Writes the rows a transaction each, in an order that is not that of the keys. */
  private static Table loadSingly(Khonsu db, int rows) {
    Table flights = Flights.createIn(db);
    for (int i = 0; i < rows; i++) {
      long id = i * 7_919L % rows;
      db.run(tx -> tx.upsert(flights, flights.row((int) id, 5, 500, 1.5f)));
    }
    return flights;
  }

  private List<Figure> measure(List<Case> cases) {
    double[][] nanos = new double[cases.size()][rounds];
    double[][] bytes = new double[cases.size()][rounds];
    for (int round = -rounds; round < rounds; round++) {
      for (int i = 0; i < cases.size(); i++) {
        Case measured = cases.get(i);
        long allocated = threads.getCurrentThreadAllocatedBytes();
        long spent = measured.body.getAsLong();
        if (round >= 0) {
          nanos[i][round] = (double) spent / measured.count;
          bytes[i][round] =
              (double) (threads.getCurrentThreadAllocatedBytes() - allocated) / measured.count;
        }
      }
    }
    List<Figure> figures = new ArrayList<>();
    for (int i = 0; i < cases.size(); i++) {
      figures.add(new Figure(cases.get(i).name, median(nanos[i]), median(bytes[i])));
    }
    return figures;
  }

  private record Case(String name, int count, LongSupplier body) {}

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }

  private static long bulkLoad(VectorSchemaRoot source) {
    try (Khonsu db = Khonsu.inMemory()) {
      Table flights = Flights.createIn(db);
      long start = System.nanoTime();
      db.run(tx -> tx.upsert(flights, source));
      return System.nanoTime() - start;
    }
  }

  private static long bulkUpdate(Khonsu db, Table flights, VectorSchemaRoot source) {
    long start = System.nanoTime();
    db.run(tx -> tx.upsert(flights, source));
    return System.nanoTime() - start;
  }

  private static long copy(BufferAllocator allocator, VectorSchemaRoot source) {
    long start = System.nanoTime();
    try (VectorSchemaRoot target = VectorSchemaRoot.create(source.getSchema(), allocator)) {
      for (int i = 0; i < source.getFieldVectors().size(); i++) {
        var from = source.getVector(i).getDataBuffer();
        var to = target.getVector(i);
        to.setInitialCapacity(source.getRowCount());
        to.allocateNew();
        to.getDataBuffer().setBytes(0, from, 0, from.writerIndex());
      }
      target.setRowCount(source.getRowCount());
    }
    return System.nanoTime() - start;
  }

  private long singles(Khonsu db, Table flights, boolean commits) {
    long start = System.nanoTime();
    for (int i = 0; i < SINGLE_ROWS; i++) {
      try (Transaction tx = db.begin()) {
        tx.upsert(flights, flights.row((i * 7_919) % rows, 5, 500, 1.5f));
        if (commits) {
          sink += tx.commit().version();
        }
      }
    }
    return System.nanoTime() - start;
  }

  private static long compact(Khonsu db) {
    long start = System.nanoTime();
    db.compact();
    return System.nanoTime() - start;
  }

  private long empty(Khonsu db) {
    long start = System.nanoTime();
    for (int i = 0; i < SINGLE_ROWS; i++) {
      sink += db.<Long, RuntimeException>transact(Transaction::id);
    }
    return System.nanoTime() - start;
  }

  private long gets(Khonsu db, Table flights) {
    long start = System.nanoTime();
    db.readOnly(snapshot -> {
      for (int i = 0; i < SINGLE_ROWS; i++) {
        Row row = snapshot.get(flights, (i * 7_919) % rows).orElseThrow();
        sink += row.getLong("delay");
      }
      return snapshot.version();
    });
    return System.nanoTime() - start;
  }

  private long scanSum(Khonsu db, Table flights) {
    long start = System.nanoTime();
    sink +=
        db.<Long, RuntimeException>readOnly(snapshot -> {
          long sum = 0;
          for (RecordBatch batch : snapshot.scan(flights, Scan.all().columns("delay"))) {
            sum += sum((SmallIntVector) batch.vector("delay"));
          }
          return sum;
        });
    return System.nanoTime() - start;
  }

  private long vectorSum(VectorSchemaRoot source) {
    long start = System.nanoTime();
    sink += sum((SmallIntVector) source.getVector("delay"));
    return System.nanoTime() - start;
  }

  private static long sum(SmallIntVector vector) {
    long sum = 0;
    for (int i = 0; i < vector.getValueCount(); i++) {
      sum += vector.get(i);
    }
    return sum;
  }

  /** {@return the heap bytes that a loaded row takes beside its data} */
  static double heapBytesPerRow(int rows) {
    long before = usedHeap();
    try (BufferAllocator allocator = new RootAllocator();
        Khonsu db = Khonsu.inMemory()) {
      Table flights = Flights.createIn(db);
      try (VectorSchemaRoot source = Flights.rows(allocator, 0, rows)) {
        db.run(tx -> tx.upsert(flights, source));
      }
      return (double) (usedHeap() - before) / rows;
    }
  }

  /**
   * What rows take that were written a transaction each, all memory counted, heap and other.
   *
   * @param before bytes per row as they were written
   * @param after bytes per row when they were compacted
   */
  record Taken(double before, double after) {}

  /** {@return what compaction changes} */
  static Taken bytesPerSingleRow(int rows) {
    long empty = usedHeap();
    try (Khonsu db = Khonsu.inMemory(ON_DEMAND)) {
      Table flights = loadSingly(db, rows);
      long before = usedHeap() + db.statistics().held().memoryBytes();
      db.compact();
      long after = usedHeap() + db.statistics().held().memoryBytes();
      if (db.readOnly(snapshot -> snapshot.scan(flights).rowCount()) != rows) {
        throw new IllegalStateException("compaction has lost rows");
      }
      return new Taken((double) (before - empty) / rows, (double) (after - empty) / rows);
    }
  }

  private static long usedHeap() {
    for (int i = 0; i < 4; i++) {
      System.gc();
    }
    Runtime runtime = Runtime.getRuntime();
    return runtime.totalMemory() - runtime.freeMemory();
  }
}
