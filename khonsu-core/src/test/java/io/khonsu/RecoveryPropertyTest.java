package io.khonsu;

import static org.assertj.core.api.Assertions.assertThat;

import io.khonsu.durable.LogKind;
import io.khonsu.mvcc.ConflictStrategy;
import io.khonsu.spi.InMemoryStorage;
import io.khonsu.spi.Storage;
import io.khonsu.testkit.LeakChecking;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.random.RandomGenerator;
import org.apache.arrow.memory.BufferAllocator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A store that is opened again is the store that was closed, whatever was done to it. */
@ExtendWith(LeakChecking.class)
@Timeout(120)
class RecoveryPropertyTest {
  private static final int NAMES = 4;
  private static final int KEYS = 12;

  /** A clock that jumps, mostly back. */
  private static final class Clock implements InstantSource {
    private Instant now = Instant.parse("2026-03-01T00:00:00Z");

    @Override
    public Instant instant() {
      return now;
    }
  }

  @TempDir private Path root;

  @Test
  void reopenedStore_equalsTheClosedOne(BufferAllocator allocator) {
    Seeds.check(
        8,
        random -> {
          InMemoryStorage kept = new InMemoryStorage();
          new Run(random, allocator, () -> kept, Khonsu::close).run();
        });
  }

  @ParameterizedTest
  @EnumSource(LogKind.class)
  void durableStore_closedOrCrashed_isWhatItWas(LogKind log, BufferAllocator allocator) {
    AtomicInteger number = new AtomicInteger();
    Seeds.check(
        4,
        random -> {
          Path directory = root.resolve("store" + number.incrementAndGet());
          DurablePlace place = new DurablePlace(directory, log);
          Ending ending =
              db -> {
                if (random.nextBoolean()) {
                  db.close();
                } else {
                  place.crash(db);
                }
              };
          new Run(random, allocator, place::open, ending).run();
        });
  }

  /** Opens the storage of a run. */
  @FunctionalInterface
  private interface Opening {
    Storage open();
  }

  /** Ends the life of a store. */
  @FunctionalInterface
  private interface Ending {
    void end(Khonsu db);
  }

  /** One place, several stores on it, one after the other. */
  private static final class Run {
    private final RandomGenerator random;
    private final BufferAllocator allocator;
    private final Opening opening;
    private final Ending ending;
    private final Clock clock = new Clock();
    private final StoreConfig config;
    private long lastVersion;
    private long lastWriter;

    Run(RandomGenerator random, BufferAllocator allocator, Opening opening, Ending ending) {
      this.random = random;
      this.allocator = allocator;
      this.opening = opening;
      this.ending = ending;
      this.config =
          StoreConfig.builder()
              .retention(random.nextBoolean() ? Duration.ZERO : Duration.ofHours(1))
              .transactionAgeMax(Duration.ofDays(3_650))
              .build();
    }

    void run() {
      SortedMap<String, Object> closed = new TreeMap<>();
      long version = 0;
      long lastId = 0;
      for (int life = 0; life < 4; life++) {
        Khonsu db = Khonsu.open(config, opening.open(), allocator, clock);
        try {
          assertThat(content(db)).isEqualTo(closed);
          assertThat(db.newestVersion()).isEqualTo(version);
          try (Transaction tx = db.begin()) {
            assertThat(tx.id()).isGreaterThan(lastId);
          }
          lastVersion = version;
          for (int i = 0; i < 60; i++) {
            step(db);
          }
          if (random.nextBoolean()) {
            db.collect();
          }
          closed = content(db);
          version = db.newestVersion();
          lastId = lastWriter;
        } finally {
          ending.end(db);
        }
        clock.now = clock.now.minusMillis(random.nextInt(100_000) - 20_000);
      }
    }

    private void step(Khonsu db) {
      clock.now = clock.now.plusMillis(random.nextInt(20) - 5);
      String name = "t" + random.nextInt(NAMES);
      Table table = db.table(name).orElse(null);
      if (table == null) {
        var _ = random.nextBoolean() ? Items.rows(db, name) : createBatches(db, name);
        lastVersion = db.newestVersion();
        return;
      }
      if (random.nextInt(15) == 0) {
        db.dropTable(table);
        lastVersion = db.newestVersion();
        return;
      }
      writeTogether(db, table);
    }

    private Table createBatches(Khonsu db, String name) {
      TableSpec spec = TableSpec.batches(name, Items.NUMBERS);
      return db.createTable(random.nextBoolean() ? spec.rowKey("number") : spec);
    }

    /** Two transactions at once, so that strategies have something to settle. */
    private void writeTogether(Khonsu db, Table table) {
      try (Transaction first = db.begin(options());
          Transaction second = db.begin(options())) {
        for (Transaction tx : List.of(first, second)) {
          int writes = 1 + random.nextInt(4);
          for (int i = 0; i < writes; i++) {
            write(tx, table);
          }
        }
        commit(first);
        commit(second);
      }
    }

    private TransactionOptions options() {
      TransactionOptions options =
          random.nextBoolean() ? TransactionOptions.snapshot() : TransactionOptions.serializable();
      List<ConflictStrategy> strategies = List.of(ConflictStrategy.values());
      return options.onConflict(strategies.get(random.nextInt(strategies.size())));
    }

    private void commit(Transaction tx) {
      try {
        long version = tx.commit().version();
        assertThat(version).isGreaterThanOrEqualTo(lastVersion);
        if (version > lastVersion) { // else strategies have dropped all writes
          lastVersion = version;
          lastWriter = tx.id();
        }
      } catch (TransactionConflictException _) {
        return;
      }
    }

    private void write(Transaction tx, Table table) {
      String key = "k" + random.nextInt(KEYS);
      if (random.nextInt(4) == 0) {
        tx.delete(table, key);
      } else if (table.isRowTable()) {
        // Now and then a commit that is kept outside the heap.
        int rows = random.nextInt(10) == 0 ? 400 : 1;
        for (int i = 0; i < rows; i++) {
          String id = i == 0 ? key : key + "/" + i;
          tx.upsert(table, table.row(id, random.nextLong(100)));
        }
      } else {
        int count = random.nextInt(10) == 0 ? 900 : random.nextInt(4);
        long[] numbers = random.longs(0, 1_000).distinct().limit(count).toArray();
        Items.write(tx, table, key, allocator, numbers);
      }
    }

    private static SortedMap<String, Object> content(Khonsu db) {
      SortedMap<String, Object> content = new TreeMap<>();
      try (Snapshot snapshot = db.snapshot()) {
        for (Table table : db.tables()) {
          content.put(table.name(), table.spec());
          if (table.isRowTable()) {
            List<Row> rows = new ArrayList<>(snapshot.scan(table).rows());
            content.put(table.name() + " rows", rows);
          } else {
            for (String name : snapshot.names(table, KeyRange.all())) {
              content.put(table.name() + "/" + name, Items.numbers(snapshot, table, name));
            }
          }
        }
      }
      return content;
    }
  }
}
