package io.khonsu;

import io.khonsu.durable.DurableSettings;
import io.khonsu.durable.DurableStorage;
import io.khonsu.spi.InMemoryKeyValueEngine;
import io.khonsu.testkit.LeakChecking;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.arrow.memory.AllocationListener;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;

/** A durable store with a small memory budget, an allocator that knows its peak, and faults. */
final class SpillingPlace implements AutoCloseable {
  static final Schema SCHEMA =
      new Schema(
          List.of(
              Field.notNullable("id", new ArrowType.Int(64, true)),
              Field.notNullable("value", new ArrowType.Int(64, true)),
              Field.notNullable("payload", ArrowType.Utf8.INSTANCE)));

  /** Of a row's payload. */
  static final int PAYLOAD_BYTES = 1_000;

  private static final String FILLER = "x".repeat(PAYLOAD_BYTES - 20);

  private final Path directory;
  private final ScratchFaults engine = new ScratchFaults(new InMemoryKeyValueEngine());
  private final Peak peak = new Peak();
  private final BufferAllocator root;

  SpillingPlace(Path directory) {
    this(directory, Long.MAX_VALUE);
  }

  /** With an allocator of so many bytes. */
  SpillingPlace(Path directory, long limitBytes) {
    this.directory = directory;
    this.root = new RootAllocator(peak, limitBytes, size -> (size + 63) & -64);
  }

  ScratchFaults engine() {
    return engine;
  }

  static StoreConfig.Builder budget(long bytes) {
    return StoreConfig.builder().memoryBudgetBytes(bytes).compactionRowsPerSecond(0);
  }

  Khonsu open(StoreConfig config) {
    DurableSettings settings =
        DurableSettings.defaults().withLogSizeMaxBytes(64 << 20).withDiskReserveBytes(0);
    try {
      DurableStorage storage = DurableStorage.open(directory, settings, engine);
      return Khonsu.open(config, storage, root, InstantSource.system());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static Table table(Khonsu db, String name) {
    return db.createTable(TableSpec.rows(name, SCHEMA).primaryKey("id"));
  }

  static String payload(long id) {
    return "%020d".formatted(id) + FILLER;
  }

  static Row row(Table table, long id, long value) {
    return table.row(id, value, payload(id));
  }

  /** Inserts rows from one id on and before another, a hundred to a commit, each worth its id. */
  static void load(Khonsu db, Table table, long from, long to) {
    for (long first = from; first < to; first += 100) {
      long begin = first;
      db.run(tx -> {
        for (long id = begin; id < Math.min(to, begin + 100); id++) {
          tx.insert(table, row(table, id, id));
        }
      });
    }
  }

  /** {@return the most Arrow memory that was ever taken since the last call} */
  long takePeakBytes() {
    return peak.take(root.getAllocatedMemory());
  }

  /** Checks that nothing leaked. */
  @Override
  public void close() {
    LeakChecking.close(root, "spilling");
  }

  private static final class Peak implements AllocationListener {
    private final AtomicLong now = new AtomicLong();
    private final AtomicLong most = new AtomicLong();

    @Override
    public void onAllocation(long size) {
      most.accumulateAndGet(now.addAndGet(size), Math::max);
    }

    @Override
    public void onRelease(long size) {
      now.addAndGet(-size);
    }

    long take(long allocated) {
      return most.getAndSet(allocated);
    }
  }
}
