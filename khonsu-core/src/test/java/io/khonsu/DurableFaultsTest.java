package io.khonsu;

import static org.assertj.core.api.Assertions.assertThat;

import io.khonsu.durable.DurableStorage;
import io.khonsu.durable.LogKind;
import io.khonsu.spi.InMemoryKeyValueEngine.Fault;
import io.khonsu.testkit.LeakChecking;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.arrow.memory.BufferAllocator;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Every call of a key-value store fails, one after the other, in each way; then the power goes. A
 * store that is opened again has every commit that was acknowledged, none that was refused, and
 * those of unknown outcome whole or not at all.
 */
@ExtendWith(LeakChecking.class)
@Timeout(120)
class DurableFaultsTest {
  private static final int COMMITS = 6;
  private static final int CALLS_MAX = 200;

  @TempDir private Path root;

  @ParameterizedTest
  @EnumSource(LogKind.class)
  void everyCall_failing_losesNothing(LogKind log, BufferAllocator allocator) {
    int failed = 0;
    for (Fault fault : List.of(Fault.UNDONE, Fault.DONE, Fault.BROKEN)) {
      int call = 1;
      Attempt attempt;
      do {
        attempt = new Attempt(root.resolve(fault + "-" + call), log, allocator);
        attempt.run(call, fault);
        failed += attempt.wasHit ? 1 : 0;
        call++;
      } while (attempt.wasHit && call < CALLS_MAX);
      assertThat(call).isLessThan(CALLS_MAX);
    }
    assertThat(failed).isGreaterThan(log == LogKind.ENGINE ? 40 : 20);
  }

  /** One store, one failure. */
  private static final class Attempt {
    private final DurablePlace place;
    private final BufferAllocator allocator;
    private final Map<String, Long> acknowledged = new TreeMap<>();
    private final List<String> unknown = new ArrayList<>();
    private boolean wasHit;

    Attempt(Path directory, LogKind log, BufferAllocator allocator) {
      this.place = new DurablePlace(directory, log);
      this.allocator = allocator;
    }

    void run(int call, Fault fault) {
      try (Khonsu db = opened()) {
        Table table = Items.rows(db, "items");
        var _ = Items.put(db, table, "first", 1);
      }
      acknowledged.put("first", 1L);
      long before = place.engine().calls();
      place.engine().fail(call, fault);
      use();
      wasHit = place.engine().calls() - before >= call;
      place.engine().fail(Long.MAX_VALUE / 2, Fault.NONE);
      try (Khonsu db = opened()) {
        check(Items.state(db, db.table("items").orElseThrow()));
        var _ = Items.put(db, db.table("items").orElseThrow(), "last", 9);
      }
    }

    private Khonsu opened() {
      return Khonsu.open(StoreConfig.defaults(), place.open(), allocator, InstantSource.system());
    }

    private void use() {
      Khonsu db;
      try {
        db = opened();
      } catch (UncheckedIOException | StorageException _) {
        place.engine().crash(0);
        return; // a failing open changes nothing
      }
      try {
        Table table = db.table("items").orElseThrow();
        for (int i = 0; i < COMMITS; i++) {
          put(db, table, "k" + i, i);
        }
        flush(db);
      } finally {
        place.crash(db);
      }
    }

    private void put(Khonsu db, Table table, String key, long value) {
      try {
        var _ = Items.put(db, table, key, value);
        acknowledged.put(key, value);
      } catch (CommitOutcomeUnknownException _) {
        unknown.add(key);
      } catch (StorageException | StorageRejectedException _) {
        assertThat(acknowledged).doesNotContainKey(key);
      }
    }

    private static void flush(Khonsu db) {
      try {
        ((DurableStorage) db.storage().orElseThrow()).flushState();
      } catch (IOException | IllegalStateException _) {
        return; // what was acknowledged is in the log
      }
    }

    private void check(Map<String, Long> found) {
      assertThat(found).containsAllEntriesOf(acknowledged);
      for (String key : found.keySet()) {
        assertThat(acknowledged.containsKey(key) || unknown.contains(key)).as(key).isTrue();
      }
    }
  }
}
