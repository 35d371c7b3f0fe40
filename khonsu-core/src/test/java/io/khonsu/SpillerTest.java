package io.khonsu;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.errorprone.annotations.MustBeClosed;
import io.khonsu.durable.DurableSettings;
import io.khonsu.durable.DurableStorage;
import io.khonsu.internal.arrow.BatchBuilder;
import io.khonsu.internal.arrow.BatchSchema;
import io.khonsu.internal.arrow.FrozenBatch;
import io.khonsu.spi.InMemoryKeyValueEngine;
import io.khonsu.testkit.LeakChecking;
import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where the bytes of batches are, without a store around them. */
class SpillerTest {
  private static final int ROWS = 1_000;
  private static final int BATCHES = 40;

  private final BatchSchema schema = BatchSchema.of(Batches.NUMBERS);
  private final OpenViews views = new OpenViews(InstantSource.system());
  private final BufferAllocator allocator = new RootAllocator();

  @TempDir private Path root;
  private DurableStorage storage;

  @BeforeEach
  void open() throws IOException {
    DurableSettings settings = DurableSettings.defaults().withDiskReserveBytes(0);
    storage = DurableStorage.open(root.resolve("store"), settings, new InMemoryKeyValueEngine());
  }

  @AfterEach
  void close() throws IOException {
    storage.close();
    LeakChecking.close(allocator, "spiller");
  }

  /** {@return a batch of a thousand ids from one on, of two longs each} */
  @MustBeClosed
  private FrozenBatch batch(int first) {
    BatchBuilder rows = new BatchBuilder(schema);
    for (long id = first; id < first + ROWS; id++) {
      rows.appendRow(Batches.row(id, id));
    }
    return rows.freeze(allocator);
  }

  private static void read(HeldBatch batch) {
    try (FrozenBatch found = batch.pin()) {
      assertThat(found.rowCount()).isEqualTo(ROWS);
    }
  }

  @Test
  @SuppressWarnings("MustBeClosedChecker") // the stored batches own them
  void whatCameBack_takesNoMoreOfTheHeapThanItsPart() {
    long size;
    try (FrozenBatch one = batch(0)) {
      size = one.sizeBytes();
    }
    long budget = 20 * size;
    long heapBytesMax = 3 * size;
    Spiller spiller = new Spiller(storage.scratch(), views, allocator, budget, heapBytesMax);
    List<HeldBatch> batches = new ArrayList<>();
    for (int i = 0; i < BATCHES; i++) {
      batches.add(HeldBatch.consume(batch(i * ROWS), 1, spiller));
    }
    spiller.makeRoom(budget / 2, () -> {});
    assertThat(allocator.getAllocatedMemory()).isLessThanOrEqualTo(budget / 2);
    for (int pass = 0; pass < 2; pass++) {
      for (int i = 0; i < BATCHES; i++) {
        try (FrozenBatch found = batches.get(i).pin()) {
          assertThat(found.getObjects(1)).containsExactly((long) i * ROWS + 1, (long) i * ROWS + 1);
        }
        long onHeap = spiller.statistics().residentBytes() - allocator.getAllocatedMemory();
        assertThat(onHeap).isLessThanOrEqualTo(heapBytesMax);
      }
    }
    assertThat(spiller.statistics().broughtBack()).isGreaterThanOrEqualTo(BATCHES / 2);
    batches.forEach(HeldBatch::discard);
    assertThat(spiller.statistics().coldBytes()).isZero();
    assertThat(spiller.statistics().residentBytes()).isZero();
    spiller.close();
  }

  /** Readers write nothing: what they bring back finds room when the background has made it. */
  @Test
  @SuppressWarnings("MustBeClosedChecker") // the stored batches own them
  void whatComesBackToAFullStore_staysOnceThereIsRoom() {
    List<HeldBatch> batches = new ArrayList<>();
    try (FrozenBatch one = batch(0)) {
      long budget = 16 * one.sizeBytes();
      Spiller spiller = new Spiller(storage.scratch(), views, allocator, budget, budget);
      batches.add(HeldBatch.consume(batch(0), 1, spiller));
      spiller.makeRoom(budget / 2, () -> {});
      for (int i = 1; i < BATCHES; i++) {
        spiller.makeRoom(one.sizeBytes(), () -> {});
        batches.add(HeldBatch.consume(batch(i * ROWS), 1, spiller));
      }
      long written = spiller.statistics().bytesWritten();
      assertThat(batches.getFirst().inSight()).isNull();
      read(batches.getFirst());
      assertThat(batches.getFirst().inSight()).isNull();
      assertThat(spiller.statistics().bytesWritten()).isEqualTo(written);
      spiller.tend();
      read(batches.getFirst());
      assertThat(batches.getFirst().inSight()).isNotNull();
      batches.forEach(HeldBatch::discard);
      spiller.close();
    }
  }

  /** What finds no room is held by who reads it, but once for all of them. */
  @Test
  @SuppressWarnings("MustBeClosedChecker") // the stored batches own them
  void whatFindsNoRoom_isReadOnceForAllWhoUseItMeanwhile() {
    Spiller spiller = new Spiller(storage.scratch(), views, allocator, 1, 0);
    HeldBatch batch = HeldBatch.consume(batch(0), 1, spiller);
    spiller.makeRoom(0, () -> {});
    assertThat(batch.inSight()).isNull();
    try (FrozenBatch first = batch.pin();
        FrozenBatch second = batch.pin()) {
      assertThat(batch.inSight()).isNull();
      assertThat(second).isSameAs(first);
    }
    assertThat(spiller.statistics().broughtBack()).isEqualTo(1);
    batch.discard();
    spiller.close();
  }
}
