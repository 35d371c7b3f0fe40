package io.khonsu.backup;

import io.khonsu.Durability;
import io.khonsu.Khonsu;
import io.khonsu.Row;
import io.khonsu.Scan;
import io.khonsu.Snapshot;
import io.khonsu.StoreConfig;
import io.khonsu.Table;
import io.khonsu.TableSpec;
import io.khonsu.Transaction;
import io.khonsu.durable.DurableStorage;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;

/**
 * A store on disk that is archived, and what tests know of it: after each commit all of its rows,
 * in maps of their own. Close it.
 */
final class ArchivedStore implements AutoCloseable {
  static final SegmentLimits LIMITS = new SegmentLimits(7, 4_000);

  private static final List<String> TABLES = List.of("north", "south");

  /** Nothing is synced but by the archiver: that is not what is tested here. */
  private static final StoreConfig CONFIG =
      StoreConfig.builder().durability(Durability.NONE).logSizeMaxBytes(1 << 20).build();

  private static final Schema SCHEMA =
      new Schema(
          List.of(
              Field.notNullable("id", ArrowType.Utf8.INSTANCE),
              Field.notNullable("amount", new ArrowType.Int(64, true))));

  final Khonsu db;
  final ArchiveStore archive;
  final Archiver archiver;

  /** By version: every row, as table/id=amount. */
  final NavigableMap<Long, Map<String, Long>> states;

  private final Map<String, Long> rows;

  /** Opens a store of which {@code states} is known, that ends as the last of them. */
  ArchivedStore(Path directory, ArchiveStore archive, NavigableMap<Long, Map<String, Long>> states)
      throws IOException {
    this.states = new TreeMap<>(states);
    this.rows = new TreeMap<>(states.isEmpty() ? Map.of() : states.lastEntry().getValue());
    this.db = Khonsu.open(directory, CONFIG);
    this.archive = archive;
    this.archiver = archiver(archive);
  }

  private Archiver archiver(ArchiveStore target) throws IOException {
    return Archiver.start(
        storage(), target, ArchiverOptions.defaults(), LIMITS, InstantSource.system());
  }

  DurableStorage storage() {
    return (DurableStorage) db.storage().orElseThrow();
  }

  /** Commits transactions of any kind. */
  void commitRandom(RandomGenerator random, int count) {
    for (int i = 0; i < count; i++) {
      String name = TABLES.get(random.nextInt(TABLES.size()));
      Optional<Table> table = db.table(name);
      if (table.isEmpty()) {
        db.createTable(TableSpec.rows(name, SCHEMA).primaryKey("id"));
      } else if (random.nextInt(25) == 0) {
        db.dropTable(table.get());
        rows.keySet().removeIf(key -> key.startsWith(name + "/"));
      } else {
        change(random, table.get());
      }
      states.put(db.newestVersion(), Map.copyOf(rows));
    }
  }

  private void change(RandomGenerator random, Table table) {
    db.run(tx -> {
      for (int item = random.nextInt(1, 5); item > 0; item--) {
        String id = "id-" + random.nextInt(12);
        String key = table.name() + '/' + id;
        if (random.nextInt(4) == 0) {
          delete(tx, table, id, key);
        } else {
          long amount = random.nextLong();
          tx.upsert(table, table.row(id, amount));
          rows.put(key, amount);
        }
      }
      long amount = random.nextLong();
      tx.upsert(table, table.row("always", amount)); // so that each commits something
      rows.put(table.name() + "/always", amount);
    });
  }

  private void delete(Transaction tx, Table table, String id, String key) {
    if (tx.contains(table, id)) {
      tx.delete(table, id);
    }
    rows.remove(key);
  }

  void awaitArchived() throws Exception {
    archiver.awaitArchived(db.newestVersion(), Duration.ofMinutes(5));
  }

  /** {@return what was committed at or before a version, by the maps} */
  Map<String, Long> expectedAt(long version) {
    var entry = states.floorEntry(version);
    return entry == null ? Map.of() : entry.getValue();
  }

  /** {@return every row of the store in a directory, as it is read from it} */
  static Map<String, Long> read(Path directory) {
    try (Khonsu restored = Khonsu.open(directory)) {
      return read(restored);
    }
  }

  static Map<String, Long> read(Khonsu db) {
    Map<String, Long> found = new TreeMap<>();
    try (Snapshot snapshot = db.snapshot()) {
      for (Table table : db.tables()) {
        for (Row row : snapshot.scan(table, Scan.all()).rows()) {
          found.put(table.name() + '/' + row.getString("id"), row.getLong("amount"));
        }
      }
    }
    return found;
  }

  @Override
  public void close() {
    archiver.close();
    db.close();
  }
}
