package io.khonsu;

import static org.assertj.core.api.Assertions.assertThat;

import io.khonsu.spi.InMemoryStorage;
import io.khonsu.testkit.LeakChecking;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.arrow.memory.BufferAllocator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A watcher that knows nothing but changes knows the table, at every version, under load. */
@ExtendWith(LeakChecking.class)
@Timeout(300)
class WatchStressTest {
  private static final int WRITERS = 3;
  private static final int COMMITS = 1_500;
  private static final StoreConfig CONFIG =
      StoreConfig.builder().retention(Duration.ofHours(1)).build();

  private static void write(Khonsu db, Table table, SplittableRandom random) {
    db.run(tx -> {
      for (int i = random.nextInt(4); i >= 0; i--) {
        String id = "k" + random.nextInt(40);
        if (random.nextInt(4) == 0) {
          tx.delete(table, id);
        } else {
          tx.upsert(table, table.row(id, Math.max(0, Items.value(tx, table, id)) + 1));
        }
      }
    });
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void feed_reopenedAnywhere_losesAndRepeatsNothing(boolean isStored, BufferAllocator allocator) {
    Seeds.check(
        2,
        random -> {
          long seed = random.nextLong();
          try (Khonsu db =
              isStored
                  ? Khonsu.open(CONFIG, new InMemoryStorage(), allocator, InstantSource.system())
                  : Khonsu.inMemory(CONFIG, allocator)) {
            Table table = Items.rows(db, "items");
            long begin = db.newestVersion();
            AtomicInteger left = new AtomicInteger(WRITERS);
            try (var writers =
                Threads.start(
                    WRITERS,
                    number -> {
                      SplittableRandom own = new SplittableRandom(seed + number);
                      for (int i = 0; i < COMMITS; i++) {
                        write(db, table, own);
                        if (i % 100 == 0) {
                          db.compact();
                        }
                      }
                      left.decrementAndGet();
                    })) {
              follow(db, table, begin, left, new SplittableRandom(seed));
              writers.join();
            }
          }
        });
  }

  private static void follow(
      Khonsu db, Table table, long begin, AtomicInteger writing, SplittableRandom random) {
    SortedMap<String, Long> state = new TreeMap<>();
    long version = begin;
    boolean isLast = false;
    while (!isLast) {
      isLast = writing.get() == 0;
      try (ChangeFeed feed = db.changes(table, KeyRange.all(), version)) {
        int commits = isLast ? Integer.MAX_VALUE : random.nextInt(200);
        for (int i = 0; i < commits; i++) {
          CommitChanges commit = feed.poll().orElse(null);
          if (commit == null) {
            break;
          }
          assertThat(commit.version()).isGreaterThan(version);
          WatchTest.apply(commit, state);
          version = feed.version();
          assertThat(version).isEqualTo(commit.version());
        }
        version = feed.version();
      }
      try (Snapshot snapshot = db.snapshotAt(version)) {
        assertThat(Items.state(snapshot, table)).isEqualTo(state);
      }
    }
    assertThat(state).isEqualTo(Items.state(db, table));
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void listener_closedAndResumed_losesAndRepeatsNothing(
      boolean isStored, BufferAllocator allocator) {
    try (Khonsu db =
        isStored
            ? Khonsu.open(CONFIG, new InMemoryStorage(), allocator, InstantSource.system())
            : Khonsu.inMemory(CONFIG, allocator)) {
      Table table = Items.rows(db, "items");
      SortedMap<String, Long> state = new TreeMap<>();
      AtomicReference<@Nullable Throwable> wrong = new AtomicReference<>();
      AtomicLong told = new AtomicLong();
      ChangeListener listener =
          commit -> {
            told.incrementAndGet();
            try {
              WatchTest.apply(commit, state);
            } catch (AssertionError e) {
              wrong.compareAndSet(null, e);
            }
          };
      AtomicInteger left = new AtomicInteger(WRITERS);
      Watch watch = db.watch(table, KeyRange.all(), listener);
      try (var writers =
          Threads.start(
              WRITERS,
              number -> {
                SplittableRandom own = new SplittableRandom(number);
                for (int i = 0; i < COMMITS; i++) {
                  write(db, table, own);
                }
                left.decrementAndGet();
              })) {
        while (left.get() > 0) {
          long target = told.get() + 20;
          Threads.awaitUntil(() -> told.get() >= target || left.get() == 0);
          watch.close();
          try (Snapshot snapshot = db.snapshotAt(watch.version())) {
            assertThat(Items.state(snapshot, table)).isEqualTo(state);
          }
          watch = db.watch(table, KeyRange.all(), watch.version(), listener);
        }
        writers.join();
      }
      Watch last = watch;
      long newest = db.newestVersion();
      Threads.awaitUntil(() -> last.version() >= newest);
      watch.close();
      assertThat(wrong.get()).isNull();
      assertThat(state).isEqualTo(Items.state(db, table));
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void store_closedUnderManyWatches_endsThemAll(boolean isStored, BufferAllocator allocator) {
    for (int round = 0; round < 20; round++) {
      int delay = round * 20;
      Khonsu db =
          isStored
              ? Khonsu.open(CONFIG, new InMemoryStorage(), allocator, InstantSource.system())
              : Khonsu.inMemory(CONFIG, allocator);
      Table table = Items.rows(db, "items");
      AtomicLong told = new AtomicLong();
      List<Watch> watches = new ArrayList<>();
      List<ChangeFeed> feeds = new ArrayList<>();
      for (int i = 0; i < 50; i++) {
        watches.add(db.watch(table, KeyRange.all(), _ -> told.incrementAndGet()));
        feeds.add(db.changes(table, KeyRange.all()));
      }
      try (var users =
          Threads.start(
              3,
              number -> {
                SplittableRandom own = new SplittableRandom(number);
                try {
                  while (true) {
                    use(db, table, feeds.get(own.nextInt(50)), own);
                  }
                } catch (StoreClosedException _) {
                  told.incrementAndGet(); // as it should be
                }
              })) {
        Threads.awaitUntil(() -> told.get() >= delay);
        db.close();
        users.join();
      }
      for (Watch watch : watches) {
        Threads.awaitUntil(() -> watch.failure().isPresent());
        watch.close();
        assertThat(watch.failure()).containsInstanceOf(StoreClosedException.class);
      }
      feeds.forEach(ChangeFeed::close);
      assertThat(allocator.getAllocatedMemory()).isZero();
    }
  }

  private static void use(Khonsu db, Table table, ChangeFeed feed, SplittableRandom random) {
    write(db, table, random);
    try {
      assertThat(feed.poll()).isNotNull();
    } catch (ConcurrentUseException _) {
      db.compact(); // another thread asks it just now
    }
  }
}
