package io.khonsu;

import io.khonsu.mvcc.Key;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.jspecify.annotations.Nullable;

/**
 * The tables that there are. Each is also an item of the buffer, under the number 0, so that
 * creating and dropping are commits like others. Thread-safe; changed under the manager's lock.
 */
final class Catalog {
  /** The number under which tables themselves are items. */
  static final int CATALOG_ID = 0;

  private static final int NAME_OFFSET = 2 * Table.PREFIX_BYTES;

  private final ConcurrentMap<String, Table> byName = new ConcurrentHashMap<>();
  private final ConcurrentMap<Integer, Table> byId = new ConcurrentHashMap<>();
  private int lastId = CATALOG_ID;

  /** {@return the key of a table's definition: its number, then its name} */
  static byte[] keyBytes(int tableId, String name) {
    byte[] text = name.getBytes(StandardCharsets.UTF_8);
    byte[] bytes = Arrays.copyOf(Table.prefixOf(CATALOG_ID), NAME_OFFSET + text.length);
    System.arraycopy(Table.prefixOf(tableId), 0, bytes, Table.PREFIX_BYTES, Table.PREFIX_BYTES);
    System.arraycopy(text, 0, bytes, NAME_OFFSET, text.length);
    return bytes;
  }

  static boolean isCatalogKey(Key key) {
    return Table.tableIdOf(key) == CATALOG_ID;
  }

  static String nameOf(Key catalogKey) {
    byte[] bytes = catalogKey.toBytes();
    return new String(bytes, NAME_OFFSET, bytes.length - NAME_OFFSET, StandardCharsets.UTF_8);
  }

  static int tableIdIn(Key catalogKey) {
    return Table.intAt(catalogKey, Table.PREFIX_BYTES);
  }

  int nextId() {
    return ++lastId;
  }

  int lastId() {
    return lastId;
  }

  /** Never gives a table one of these numbers: dropped tables had them. */
  void skipIds(int upTo) {
    lastId = Math.max(lastId, upTo);
  }

  void add(Table table) {
    skipIds(table.id());
    byId.put(table.id(), table);
    byName.put(table.name(), table);
  }

  /** Takes the name away; the number stays known until the items are gone. */
  void drop(Table table) {
    table.setDropped(true);
    byName.remove(table.name(), table);
  }

  /** Takes back a drop that did not happen. */
  void restore(Table table) {
    table.setDropped(false);
    byName.put(table.name(), table);
  }

  void forget(Table table) {
    byId.remove(table.id(), table);
  }

  Optional<Table> find(String name) {
    return Optional.ofNullable(byName.get(name));
  }

  @Nullable Table byId(int id) {
    return byId.get(id);
  }

  List<Table> all() {
    return byName.values().stream().sorted((a, b) -> a.name().compareTo(b.name())).toList();
  }

  /** {@return the table that an item belongs to} */
  Table tableOf(Key key) {
    Table table = byId.get(Table.tableIdOf(key));
    if (table == null) {
      throw new AssertionError("broken invariant: an item's table is known, key " + key);
    }
    return table;
  }
}
