package io.khonsu;

import static org.assertj.core.api.Assertions.assertThat;

import io.khonsu.spi.InMemoryStorage;
import io.khonsu.testkit.LeakChecking;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.SortedMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.random.RandomGenerator;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.VarCharVector;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Compaction without a pause, while others move money, insert and delete, read by all means, hold
 * snapshots, and create and drop tables. Every reader checks the sum, and that a snapshot shows the
 * same again; at the end each table holds what its writers know. Fixed seeds and numbers of
 * operations; the operating system supplies the rest.
 */
@ExtendWith(LeakChecking.class)
@Timeout(300)
class CompactionStressTest {
  private static final int ACCOUNTS = 3_000;
  private static final int TRANSFERS = 6_000;
  private static final int OWN_KEYS = 2_000;
  private static final long START = 1_000;

  private final AtomicInteger writers = new AtomicInteger();
  private BufferAllocator allocator;

  @BeforeEach
  void setUp(BufferAllocator root) {
    allocator = root;
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void everything_whileRowsMove_staysRight(boolean isStored) {
    InMemoryStorage storage = new InMemoryStorage();
    StoreConfig config = StoreConfig.builder().compactionRowsPerSecond(1_000_000_000).build();
    List<NavigableMap<String, Long>> oracles = List.of(new TreeMap<>(), new TreeMap<>());
    SortedMap<String, Long> accountsAtTheEnd;
    try (Khonsu db =
        isStored
            ? Khonsu.open(config, storage, allocator, InstantSource.system())
            : Khonsu.inMemory(config, allocator)) {
      Table accounts = Items.rows(db, "accounts");
      Table items = Items.rows(db, "items");
      fill(db, accounts);
      writers.set(4);
      Threads.run(
          8,
          number -> {
            switch (number) {
              case 0, 1 -> transfer(db, accounts, number);
              case 2, 3 -> insertAndDelete(db, items, number, oracles.get(number - 2));
              case 4 -> audit(db, accounts, false);
              case 5 -> audit(db, accounts, true);
              case 6 -> createAndDrop(db);
              default -> compact(db);
            }
          });
      assertThat(db.statistics().compaction().rowsMoved()).isGreaterThan(ACCOUNTS);
      db.compact();
      accountsAtTheEnd = Items.state(db, accounts);
      assertSum(accountsAtTheEnd.values());
      assertHolds(db, items, oracles);
      db.collect();
      int rows = ACCOUNTS + oracles.stream().mapToInt(NavigableMap::size).sum();
      assertThat(db.statistics().held().items()).isEqualTo(rows + 2);
      assertThat(db.statistics().held().versions()).isEqualTo(rows + 2);
    }
    if (isStored) {
      try (Khonsu again = Khonsu.open(config, storage, allocator, InstantSource.system())) {
        assertThat(Items.state(again, again.table("accounts").orElseThrow()))
            .isEqualTo(accountsAtTheEnd);
        assertHolds(again, again.table("items").orElseThrow(), oracles);
      }
    }
  }

  private static String account(int number) {
    return "account-%05d".formatted(number);
  }

  private static void fill(Khonsu db, Table accounts) {
    db.run(tx -> {
      for (int i = 0; i < ACCOUNTS; i++) {
        tx.insert(accounts, accounts.row(account(i), START));
      }
    });
  }

  private static void assertHolds(
      Khonsu db, Table items, List<NavigableMap<String, Long>> oracles) {
    NavigableMap<String, Long> expected = new TreeMap<>();
    oracles.forEach(expected::putAll);
    assertThat(Items.state(db, items)).isEqualTo(expected);
  }

  private static void assertSum(Iterable<Long> balances) {
    long sum = 0;
    int count = 0;
    for (long balance : balances) {
      sum += balance;
      count++;
    }
    assertThat(count).isEqualTo(ACCOUNTS);
    assertThat(sum).isEqualTo(ACCOUNTS * START);
  }

  /** Now and then it writes all accounts of a range anew, as one large batch. */
  private void transfer(Khonsu db, Table accounts, int seed) {
    RandomGenerator random = new SplittableRandom(seed);
    for (int i = 0; i < TRANSFERS; i++) {
      int from = random.nextInt(ACCOUNTS);
      int to = (from + 1 + random.nextInt(ACCOUNTS - 1)) % ACCOUNTS;
      boolean isLarge = i % 500 == 499;
      db.run(
          TransactionOptions.snapshot(),
          tx -> {
            add(tx, accounts, from, -1);
            add(tx, accounts, to, 1);
            for (int other = 0; isLarge && other < 800; other++) {
              add(tx, accounts, other, 0);
            }
          });
    }
    writers.decrementAndGet();
  }

  private static void add(Transaction tx, Table accounts, int number, long amount) {
    long balance = Items.value(tx, accounts, account(number));
    tx.upsert(accounts, accounts.row(account(number), balance + amount));
  }

  private void insertAndDelete(
      Khonsu db, Table items, int number, NavigableMap<String, Long> oracle) {
    RandomGenerator random = new SplittableRandom(number);
    for (int i = 0; i < TRANSFERS; i++) {
      String id = "%05d/%d".formatted(random.nextInt(OWN_KEYS), number);
      long value = i;
      if (random.nextInt(3) == 0) {
        db.run(tx -> tx.delete(items, id));
        oracle.remove(id);
      } else {
        db.run(tx -> tx.upsert(items, items.row(id, value)));
        oracle.put(id, value);
      }
    }
    writers.decrementAndGet();
  }

  /** Reads the accounts at one snapshot as vectors, as rows and by key. */
  private void audit(Khonsu db, Table accounts, boolean isSlow) {
    RandomGenerator random = new SplittableRandom(isSlow ? 1 : 2);
    while (writers.get() > 0) {
      try (Snapshot snapshot = db.snapshot()) {
        ScanResult found = snapshot.scan(accounts);
        SortedMap<String, Long> first = Items.state(snapshot, accounts);
        assertSum(first.values());
        for (int i = 0; i < (isSlow ? 20 : 1); i++) {
          assertThat(vectors(snapshot.scan(accounts))).isEqualTo(first);
          String id = account(random.nextInt(ACCOUNTS));
          assertThat(Items.value(snapshot, accounts, id)).isEqualTo(first.get(id));
        }
        assertThat(vectors(found)).isEqualTo(first);
      }
    }
  }

  private static SortedMap<String, Long> vectors(ScanResult found) {
    NavigableMap<String, Long> rows = new TreeMap<>();
    for (RecordBatch batch : found) {
      try (batch) {
        VarCharVector ids = (VarCharVector) batch.vector("id");
        BigIntVector values = (BigIntVector) batch.vector("value");
        for (int i = 0; i < batch.rowCount(); i++) {
          rows.put(ids.getObject(i).toString(), values.get(i));
        }
      }
    }
    return rows;
  }

  private void createAndDrop(Khonsu db) {
    for (int i = 0; writers.get() > 0; i++) {
      Table table = Items.rows(db, "passing" + i);
      List<String> ids = new ArrayList<>();
      for (int row = 0; row < 300; row++) {
        ids.add("row" + row);
      }
      for (String id : ids) {
        Items.put(db, table, id, row(id));
      }
      db.run(tx -> ids.forEach(id -> assertThat(Items.value(tx, table, id)).isEqualTo(row(id))));
      db.dropTable(table);
    }
  }

  private static long row(String id) {
    return Long.parseLong(id.substring(3));
  }

  private void compact(Khonsu db) {
    while (writers.get() > 0) {
      db.compact();
    }
  }
}
