package io.khonsu;

import static org.assertj.core.api.Assertions.assertThat;

import io.khonsu.mvcc.ConflictStrategy;
import io.khonsu.mvcc.IsolationLevel;
import io.khonsu.testkit.LeakChecking;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Plays what {@code docs/strategies.md} shows: every line that begins with "Start" is a scenario,
 * and every row of the table below it says what comes of it under a strategy. A failure prints the
 * document as it should be.
 */
@ExtendWith(LeakChecking.class)
@SuppressWarnings("StringSplitter") // of well-formed lines
class StrategiesDocTest {
  private static final Path DOCUMENT = Path.of("..", "docs", "strategies.md");
  private static final Pattern CODE = Pattern.compile("`([^`]*)`");

  private static final Schema PLAIN =
      new Schema(
          List.of(
              Field.notNullable("k", ArrowType.Utf8.INSTANCE), Field.nullable("v", Batches.INT64)));
  private static final Schema PAIRS =
      new Schema(
          List.of(
              Field.notNullable("k", ArrowType.Utf8.INSTANCE),
              Field.nullable("v", Batches.INT64),
              Field.nullable("w", ArrowType.Utf8.INSTANCE)));
  private static final Schema BATCH =
      new Schema(
          List.of(Field.notNullable("id", Batches.INT64), Field.nullable("v", Batches.INT64)));

  @Test
  void document_showsWhatHappens(BufferAllocator allocator) throws IOException {
    String document = Files.readString(DOCUMENT);
    assertThat(played(document, allocator)).isEqualTo(document);
  }

  private static String played(String document, BufferAllocator allocator) {
    List<String> lines = new ArrayList<>();
    List<String> scenario = List.of();
    for (String line : document.split("\n", -1)) {
      String firstCell = line.startsWith("| ") ? line.split("\\|")[1].strip() : "";
      if (line.startsWith("Start ")) {
        scenario = CODE.matcher(line).results().map(m -> m.group(1)).toList();
        assertThat(scenario).as(line).hasSize(3);
      }
      boolean isRow = !scenario.isEmpty() && firstCell.matches("[A-Z]{4,}|as written");
      lines.add(isRow ? row(firstCell, scenario, allocator) : line);
    }
    return String.join("\n", lines);
  }

  private static String row(String cell, List<String> scenario, BufferAllocator allocator) {
    ConflictStrategy strategy =
        cell.equals("as written") ? ConflictStrategy.FAIL : ConflictStrategy.valueOf(cell);
    Set<String> below = new LinkedHashSet<>();
    for (IsolationLevel level : IsolationLevel.values()) {
      if (level != IsolationLevel.SERIALIZABLE) {
        below.add(outcome(level, strategy, scenario, allocator, false));
        below.add(outcome(level, strategy, scenario, allocator, true));
      }
    }
    assertThat(below).as("below SERIALIZABLE all levels are alike, read or not").hasSize(1);
    IsolationLevel top = IsolationLevel.SERIALIZABLE;
    return "| %s | %s | %s | %s |"
        .formatted(
            cell,
            below.iterator().next(),
            outcome(top, strategy, scenario, allocator, false),
            outcome(top, strategy, scenario, allocator, true));
  }

  private static String outcome(
      IsolationLevel level,
      ConflictStrategy strategy,
      List<String> scenario,
      BufferAllocator allocator,
      boolean readsFirst) {
    try (Khonsu db = Khonsu.inMemory(StoreConfig.defaults(), allocator)) {
      Store store = new Store(db, allocator);
      db.run(tx -> store.apply(tx, scenario.get(0)));
      try (Transaction tx = db.begin(TransactionOptions.of(level).onConflict(strategy))) {
        if (readsFirst) {
          store.readWritten(tx, scenario.get(2));
        }
        db.run(other -> store.apply(other, scenario.get(1)));
        store.apply(tx, scenario.get(2));
        return store.state(store.commit(tx));
      }
    }
  }

  /** Tables whose items have one-letter names: capitals are batches, L without a row key. */
  private static final class Store {
    private final Khonsu db;
    private final BufferAllocator allocator;
    private final Table plain;
    private final Table pairs;
    private final Table keyed;
    private final Table unkeyed;

    Store(Khonsu db, BufferAllocator allocator) {
      this.db = db;
      this.allocator = allocator;
      this.plain = db.createTable(TableSpec.rows("plain", PLAIN).primaryKey("k"));
      this.pairs = db.createTable(TableSpec.rows("pairs", PAIRS).primaryKey("k"));
      this.keyed = db.createTable(TableSpec.batches("keyed", BATCH).rowKey("id"));
      this.unkeyed = db.createTable(TableSpec.batches("unkeyed", BATCH));
    }

    void apply(Transaction tx, String writes) {
      for (String write : writes.equals("nothing") ? new String[0] : writes.split(", ")) {
        String[] parts = write.split(" with ");
        ConflictStrategy strategy =
            parts.length > 1 ? ConflictStrategy.valueOf(parts[1]) : tx.options().onConflict();
        if (parts[0].startsWith("delete ")) {
          String name = parts[0].substring("delete ".length());
          tx.deleteAll(table(name, ""), List.of(name), strategy);
        } else {
          put(tx, parts[0].substring(0, 1), parts[0].substring(2), strategy);
        }
      }
    }

    private void put(Transaction tx, String name, String value, ConflictStrategy strategy) {
      Table table = table(name, value);
      if (table == plain) {
        tx.upsert(table, plain.row(name, number(value)), strategy);
      } else if (table == pairs) {
        String[] values = value.substring(1, value.length() - 1).split(",");
        String second = values[1].equals("null") ? null : values[1];
        tx.upsert(table, pairs.row(name, number(values[0]), second), strategy);
      } else {
        @Nullable Object[][] rows =
            Arrays.stream(value.substring(1, value.length() - 1).split(" "))
                .map(row -> row.split(":"))
                .map(row -> Batches.row(number(row[0]), number(row[1])))
                .toArray(Object[][]::new);
        try (VectorSchemaRoot root = Batches.of(allocator, BATCH, rows)) {
          tx.write(table, name, root, strategy);
        }
      }
    }

    void readWritten(Transaction tx, String writes) {
      for (String write : writes.split(", ")) {
        String name = write.startsWith("delete ") ? write.substring(7, 8) : write.substring(0, 1);
        Table table = table(name, write.substring(2));
        var _ = tx.contains(table, name);
      }
    }

    private Table table(String name, String value) {
      if (Character.isUpperCase(name.charAt(0))) {
        return name.startsWith("L") ? unkeyed : keyed;
      }
      return value.startsWith("(") ? pairs : plain;
    }

    private static @Nullable Long number(String text) {
      return text.equals("null") ? null : Long.valueOf(text);
    }

    String commit(Transaction tx) {
      try {
        CommitReceipt receipt = tx.commit();
        assertThat(receipt.resolved())
            .hasSize(receipt.ignored().size() + receipt.replaced().size());
        return receipt.resolved().stream()
            .map(conflict -> ", %s: %s".formatted(conflict.strategy(), described(conflict)))
            .collect(Collectors.joining());
      } catch (TransactionConflictException e) {
        assertThat(e.conflicts()).allMatch(c -> c.strategy() == ConflictStrategy.FAIL);
        return e.conflicts().stream()
            .map(Store::described)
            .collect(Collectors.joining(", ", ", **aborts**: ", ""));
      }
    }

    private static String described(TableConflict conflict) {
      MatchResult name =
          Pattern.compile("\"(.)\"").matcher(conflict.key()).results().toList().getFirst();
      return conflict.type() + " of " + name.group(1);
    }

    String state(String report) {
      TreeMap<String, String> items = new TreeMap<>();
      db.run(tx -> {
        for (Row row : tx.scan(plain).rows()) {
          items.put(row.getString("k"), String.valueOf(row.get("v")));
        }
        for (Row row : tx.scan(pairs).rows()) {
          items.put(row.getString("k"), "(%s,%s)".formatted(row.get("v"), row.get("w")));
        }
        for (Table table : List.of(keyed, unkeyed)) {
          for (String name : tx.names(table)) {
            items.put(
                name,
                Batches.values(tx.read(table, name).orElseThrow()).stream()
                    .map(row -> row.get(0) + ":" + row.get(1))
                    .collect(Collectors.joining(" ", "[", "]")));
          }
        }
      });
      String text =
          items.entrySet().stream()
              .map(item -> item.getKey() + "=" + item.getValue())
              .collect(Collectors.joining(", "));
      return "`" + (text.isEmpty() ? "nothing" : text) + "`" + report;
    }
  }
}
