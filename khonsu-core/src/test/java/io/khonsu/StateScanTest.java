package io.khonsu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.spi.CommittedTransaction;
import io.khonsu.spi.DamagedStorageException;
import io.khonsu.spi.Mutation;
import io.khonsu.spi.TransactionCodec;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a replica shows of its state makes other replicas the same. */
class StateScanTest {
  private static final Schema COLUMNS =
      new Schema(
          List.of(
              Field.notNullable("id", new ArrowType.Int(64, true)),
              Field.nullable("text", ArrowType.Utf8.INSTANCE)));

  private static TableSpec rows(String name) {
    return TableSpec.rows(name, COLUMNS).primaryKey("id");
  }

  private static ReplicatedStore replica() {
    StoreConfig config =
        StoreConfig.builder().compactionRowsPerSecond(0).retention(Duration.ofHours(1)).build();
    return ReplicatedStore.create(config, new NoOrder(), null, InstantSource.system());
  }

  /** A replica, and all that was committed there. */
  private static final class Leader implements AutoCloseable {
    private final ReplicatedStore replica = replica();
    private final List<CommittedTransaction> commits = new ArrayList<>();
    private long version = 1_000_000;

    private Khonsu store() {
      return replica.store();
    }

    private void apply(byte[] request) {
      version += 10;
      ReplicatedStore.Applied applied = replica.apply(version, 1, request);
      assertThat(ReplicatedStore.committedVersion(applied.answer())).isNotNull();
      if (applied.commit() != null) {
        commits.add(applied.commit());
      }
    }

    private void run(Consumer<Transaction> body) {
      try (Transaction tx = store().begin()) {
        body.accept(tx);
        apply(replica.request(tx));
      }
    }

    private Table create(TableSpec spec) {
      apply(replica.request(spec));
      return store().table(spec.name()).orElseThrow();
    }

    private void drop(String name) {
      Table table = store().table(name).orElseThrow();
      var change = new Mutation.DropTable(table.id());
      apply(
          EncodedRequest.ofDefinition(replica.newestVersion(), List.of(table.catalogKey()), change)
              .encode());
    }

    private void put(Table table, long from, long to, String text) {
      run(tx -> {
        for (long id = from; id < to; id++) {
          tx.upsert(table, table.row(id, id % 7 == 0 ? null : text + id));
        }
      });
    }

    private void delete(Table table, long from, long to) {
      run(tx -> {
        for (long id = from; id < to; id++) {
          tx.delete(table, id);
        }
      });
    }

    /** {@return a scan as of now, as other machines get it} */
    private List<CommittedTransaction> scan() throws Exception {
      replica.moveWatermark(replica.newestVersion());
      List<CommittedTransaction> parts = new ArrayList<>();
      try (StateScan scan = replica.scanState()) {
        for (var part = scan.next(); part != null; part = scan.next()) {
          parts.add(TransactionCodec.decode(part.record().bytes()));
        }
        assertThat(scan.next()).isNull();
        assertThat(scan.version()).isEqualTo(replica.newestVersion());
      }
      return parts;
    }

    @Override
    public void close() {
      replica.close();
    }
  }

  /** {@return all that a store holds, by table} */
  private static Map<String, Object> content(Khonsu store) {
    Map<String, Object> content = new TreeMap<>();
    store.readOnly(snapshot -> {
      for (Table table : store.tables()) {
        String name = table.name() + " " + table.id();
        if (table.isRowTable()) {
          content.put(name, snapshot.scan(table, KeyRange.all()).rows());
        } else {
          Map<String, Object> batches = new TreeMap<>();
          for (String key : List.of("a", "b", "c")) {
            snapshot.read(table, key).ifPresent(batch -> batches.put(key, Batches.values(batch)));
          }
          content.put(name, batches);
        }
      }
      return null;
    });
    return content;
  }

  private static void restore(ReplicatedStore replica, List<CommittedTransaction> commits)
      throws Exception {
    for (CommittedTransaction commit : commits) {
      replica.restore(commit);
    }
  }

  private static void takeOver(ReplicatedStore replica, List<CommittedTransaction> parts)
      throws Exception {
    try (StateTakeover takeover = replica.takeOver(parts.getLast().version())) {
      for (CommittedTransaction part : parts) {
        takeover.add(part);
      }
    }
  }

  @Test
  void emptyReplica_thatTakesTheTransactions_isTheSame_andGoesOnAlike() throws Exception {
    try (Leader leader = new Leader();
        ReplicatedStore restored = replica();
        ReplicatedStore joined = replica()) {
      Table numbers = leader.create(rows("numbers"));
      leader.create(rows("empty"));
      leader.create(rows("gone"));
      leader.put(numbers, 0, 10_000, "first ");
      leader.put(numbers, 5_000, 6_000, "second ");
      leader.delete(numbers, 100, 200);
      leader.drop("gone");
      List<CommittedTransaction> parts = leader.scan();

      assertThat(parts).hasSizeGreaterThan(2);
      restore(restored, parts);
      takeOver(joined, parts);
      for (ReplicatedStore other : List.of(restored, joined)) {
        other.reserveTableIds(leader.replica.lastTableId());
        assertThat(content(other.store())).isEqualTo(content(leader.store()));
        assertThat(other.newestVersion()).isEqualTo(leader.replica.newestVersion());
      }
      int before = leader.commits.size();
      leader.put(numbers, 50, 150, "third ");
      leader.delete(numbers, 0, 60);
      leader.create(rows("gone"));
      for (ReplicatedStore other : List.of(restored, joined)) {
        restore(other, leader.commits.subList(before, leader.commits.size()));
        assertThat(content(other.store())).isEqualTo(content(leader.store()));
      }
    }
  }

  @Test
  void scan_showsItsVersion_whateverIsCommittedMeanwhile() throws Exception {
    try (Leader leader = new Leader();
        ReplicatedStore other = replica()) {
      Table numbers = leader.create(rows("numbers"));
      leader.put(numbers, 0, 20_000, "then ");
      leader.replica.moveWatermark(leader.replica.newestVersion());
      Map<String, Object> then = content(leader.store());
      try (StateScan scan = leader.replica.scanState()) {
        long round = 0;
        for (var part = scan.next(); part != null; part = scan.next()) {
          other.restore(part);
          leader.delete(numbers, round * 1_000, round * 1_000 + 500);
          leader.put(numbers, 15_000, 25_000, "now " + round);
          leader.replica.moveWatermark(leader.replica.newestVersion());
          leader.replica.store().collect();
          round++;
        }
        assertThat(round).isGreaterThan(3);
      }
      assertThat(content(other.store())).isEqualTo(then);
    }
  }

  @Test
  void replicaThatIsBehind_losesWhatIsGone_andItsReadersSeeAllOfItAtOnce() throws Exception {
    try (Leader leader = new Leader();
        ReplicatedStore behind = replica()) {
      Table numbers = leader.create(rows("numbers"));
      Table other = leader.create(rows("other"));
      leader.create(rows("dropped"));
      leader.put(numbers, 0, 9_000, "old ");
      leader.put(other, 0, 10, "old ");
      restore(behind, leader.commits);

      leader.delete(numbers, 0, 10);
      leader.delete(numbers, 4_000, 5_000);
      leader.delete(numbers, 8_990, 9_000);
      leader.put(numbers, 100, 110, "new ");
      leader.put(numbers, 9_000, 9_100, "new ");
      leader.delete(other, 0, 10);
      leader.drop("dropped");
      Table again = leader.create(rows("dropped"));
      leader.put(again, 0, 5, "again ");

      Map<String, Object> before = content(behind.store());
      List<CommittedTransaction> parts = leader.scan();
      try (Snapshot reader = behind.store().snapshot()) {
        long version = reader.version();
        try (StateTakeover takeover = behind.takeOver(parts.getLast().version())) {
          for (CommittedTransaction part : parts) {
            assertThat(behind.newestVersion()).isEqualTo(version);
            takeover.add(part);
          }
        }
        Table known = behind.store().table("numbers").orElseThrow();
        List<Row> seen = reader.scan(known, KeyRange.all()).rows();
        assertThat(seen).isEqualTo(before.get("numbers " + known.id()));
      }
      assertThat(content(behind.store())).isEqualTo(content(leader.store()));
    }
  }

  /** Nothing differs, but there were commits: the next ones must find the version they expect. */
  @Test
  void replicaThatHasTheSame_isAtTheVersionAfterwards() throws Exception {
    try (Leader leader = new Leader();
        ReplicatedStore behind = replica()) {
      Table numbers = leader.create(rows("numbers"));
      restore(behind, leader.commits);
      leader.put(numbers, 0, 10, "x");
      leader.delete(numbers, 0, 10);
      takeOver(behind, leader.scan());
      assertThat(behind.newestVersion()).isEqualTo(leader.replica.newestVersion());
      assertThat(content(behind.store())).isEqualTo(content(leader.store()));
      int before = leader.commits.size();
      leader.put(numbers, 0, 10, "y");
      restore(behind, leader.commits.subList(before, leader.commits.size()));
      assertThat(content(behind.store())).isEqualTo(content(leader.store()));
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void anyHistory_isTakenOver_fromAnyPlaceInIt(long seed) throws Exception {
    Random random = new Random(seed);
    try (Leader leader = new Leader()) {
      for (int i = 0; i < 120; i++) {
        change(leader, random);
      }
      leader.put(leader.create(rows("last")), 0, 10, "there is one at least ");
      int place = random.nextInt(leader.commits.size() - 1);
      List<CommittedTransaction> prefix = List.copyOf(leader.commits.subList(0, place));
      List<CommittedTransaction> parts = leader.scan();
      assertThat(parts).isNotEmpty();
      try (ReplicatedStore behind = replica()) {
        restore(behind, prefix);
        takeOver(behind, parts);
        assertThat(content(behind.store())).as("seed %d", seed).isEqualTo(content(leader.store()));
      }
    }
  }

  private static void change(Leader leader, Random random) {
    String name = "table " + random.nextInt(3);
    Table table = leader.store().table(name).orElse(null);
    if (table == null) {
      leader.create(name.endsWith("2") ? TableSpec.batches(name, COLUMNS) : rows(name));
    } else if (random.nextInt(20) == 0) {
      leader.drop(name);
    } else if (!table.isRowTable()) {
      String key = String.valueOf((char) ('a' + random.nextInt(3)));
      leader.run(tx -> {
        if (random.nextInt(3) == 0) {
          tx.delete(table, key);
        } else {
          writeBatch(tx, table, key, random.nextLong(100));
        }
      });
    } else {
      long from = random.nextLong(40);
      long to = from + 1 + random.nextLong(10);
      if (random.nextInt(3) == 0) {
        leader.delete(table, from, to);
      } else {
        leader.put(table, from, to, "text " + random.nextInt(3) + " ");
      }
    }
  }

  private static void writeBatch(Transaction tx, Table table, String key, long value) {
    try (RootAllocator allocator = new RootAllocator();
        VectorSchemaRoot batch = Batches.of(allocator, COLUMNS, Batches.row(value, "v" + value))) {
      tx.write(table, key, batch);
    }
  }

  /** No commits are there that led to it, so nothing before it is what it was. */
  @Test
  void versionsBeforeTheState_cannotBeRead() throws Exception {
    try (Leader leader = new Leader();
        ReplicatedStore behind = replica();
        ReplicatedStore same = replica();
        ReplicatedStore restored = replica()) {
      Table numbers = leader.create(rows("numbers"));
      leader.put(numbers, 0, 3_000, "first ");
      restore(behind, leader.commits);
      leader.put(numbers, 0, 10, "second ");
      restore(same, leader.commits);
      leader.put(numbers, 5_000, 5_001, "gone ");
      leader.delete(numbers, 5_000, 5_001);
      List<CommittedTransaction> parts = leader.scan();
      long version = parts.getLast().version();
      takeOver(behind, parts);
      takeOver(same, parts);
      restored.beginAt(version);
      restore(restored, parts);
      int before = leader.commits.size();
      leader.put(numbers, 0, 10, "third ");
      for (ReplicatedStore other : List.of(behind, same, restored)) {
        restore(other, leader.commits.subList(before, leader.commits.size()));
        assertThat(other.store().oldestVersion()).isEqualTo(version);
        for (long earlier : List.of(1L, 2L, version - 20, version - 1)) {
          assertThatThrownBy(() -> other.store().snapshotAt(earlier))
              .isInstanceOfSatisfying(
                  SnapshotTooOldException.class,
                  e -> assertThat(e.oldestVersion()).isEqualTo(version));
        }
        try (Snapshot then = other.store().snapshotAt(version)) {
          Table its = other.store().table("numbers").orElseThrow();
          assertThat(then.scan(its, KeyRange.all()).rows()).hasSize(3_000);
        }
      }
    }
  }

  /** Who archives what comes after it would wait for a commit that never was. */
  @Test
  void scan_hasTheVersionOfACommit_whateverTheWatermark() throws Exception {
    try (Leader leader = new Leader()) {
      Table numbers = leader.create(rows("numbers"));
      leader.put(numbers, 0, 10, "first ");
      long version = leader.replica.newestVersion();
      leader.put(numbers, 0, 10, "second ");
      leader.replica.moveWatermark(version + 3);
      assertThat(leader.replica.watermark()).isEqualTo(version + 3);
      assertThat(leader.replica.scanVersion()).isEqualTo(version);
      try (StateScan scan = leader.replica.scanState()) {
        assertThat(scan.version()).isEqualTo(version);
      }
    }
  }

  /** What is committed meanwhile is walked over, but not all of it in one step. */
  @Test
  void scan_looksAtSomeItemsInAStep_alsoAtThoseThatItDoesNotShow() throws Exception {
    try (Leader leader = new Leader();
        ReplicatedStore other = replica()) {
      Table numbers = leader.create(rows("numbers"));
      leader.put(numbers, 0, 10, "then ");
      leader.create(rows("empty"));
      leader.put(leader.create(rows("other")), 0, 10, "then ");
      leader.replica.moveWatermark(leader.replica.newestVersion());
      Map<String, Object> then = content(leader.store());
      leader.put(numbers, 10, 60_000, "now ");
      int steps = 0;
      try (StateScan scan = leader.replica.scanState()) {
        for (boolean isAtEnd = false; !isAtEnd; ) {
          while (!scan.look()) {
            steps++;
          }
          CommittedTransaction part = scan.next();
          isAtEnd = part == null;
          if (part != null) {
            other.restore(part);
          }
        }
      }
      assertThat(steps).isGreaterThan(4);
      assertThat(content(other.store())).isEqualTo(then);
    }
  }

  /** However many items a block of the index has, and however large they are. */
  @Test
  void parts_areSmall_butForWhatIsLargeItself() throws Exception {
    try (Leader leader = new Leader();
        ReplicatedStore other = replica()) {
      Table texts = leader.create(rows("texts"));
      String large = "x".repeat(100_000);
      leader.run(tx -> {
        for (long id = 0; id < 300; id++) {
          tx.upsert(texts, texts.row(id, large));
        }
      });
      List<CommittedTransaction> parts = leader.scan();
      for (CommittedTransaction part : parts) {
        assertThat(part.record().bytes()).hasSizeLessThan(450_000);
      }
      restore(other, parts);
      assertThat(content(other.store())).isEqualTo(content(leader.store()));
    }
  }

  @Test
  void whatIsNoState_isRefused_andChangesNothing() throws Exception {
    try (Leader leader = new Leader();
        ReplicatedStore behind = replica()) {
      Table numbers = leader.create(rows("numbers"));
      leader.put(numbers, 0, 10_000, "x");
      List<CommittedTransaction> parts = leader.scan();
      long version = parts.getLast().version();
      var deletion =
          new CommittedTransaction(
              1, 0, List.of(new Mutation.Delete(1, ByteBuffer.wrap(new byte[] {1}))));
      try (StateTakeover takeover = behind.takeOver(version)) {
        assertThatThrownBy(() -> takeover.add(deletion))
            .isInstanceOf(DamagedStorageException.class);
      }
      try (StateTakeover takeover = behind.takeOver(version)) {
        assertThatThrownBy(() -> takeover.add(parts.get(1)))
            .isInstanceOf(DamagedStorageException.class)
            .hasMessageContaining("table");
      }
      try (StateTakeover takeover = behind.takeOver(version)) {
        takeover.add(parts.get(0));
        takeover.add(parts.get(2));
      }
      assertThat(content(behind.store())).isEmpty();
      assertThat(behind.newestVersion()).isZero();
      takeOver(behind, parts);
      assertThatThrownBy(() -> behind.takeOver(version))
          .isInstanceOf(IllegalArgumentException.class);
      assertThat(content(behind.store())).isEqualTo(content(leader.store()));
    }
  }
}
