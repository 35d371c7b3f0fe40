package io.khonsu;

import io.khonsu.mvcc.Key;
import io.khonsu.mvcc.KeyInterval;
import io.khonsu.spi.Mutation;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a client knows of a cluster's tables: all that there were when it last asked. Thread-safe.
 */
final class RemoteTables {
  private static final KeyInterval ALL =
      new KeyInterval(
          Key.of(Table.prefixOf(Catalog.CATALOG_ID)),
          Key.of(Table.prefixOf(Catalog.CATALOG_ID + 1)));

  private final RemoteLink link;
  private final Catalog catalog;
  private final Recovery.TableMaker maker;

  RemoteTables(RemoteLink link, Catalog catalog, Recovery.TableMaker maker) {
    this.link = link;
    this.catalog = catalog;
    this.maker = maker;
  }

  /** Asks which tables there are. */
  synchronized void refresh() {
    long version = link.versions(0).newest();
    Set<Integer> found = new HashSet<>();
    @Nullable KeyInterval left = ALL;
    while (left != null) {
      RemoteQuestion question = new RemoteQuestion.Range(version, left, new byte[0], false);
      if (!(link.read(question) instanceof RemoteAnswer.Found answer)) {
        throw RemoteLink.notAnAnswer();
      }
      for (Mutation mutation : answer.mutations()) {
        if (mutation instanceof Mutation.CreateTable(int id, TableSpec spec)) {
          found.add(id);
          var _ = add(new StoredTable(id, spec));
        }
      }
      left = answer.next() == null ? null : new KeyInterval(answer.next(), ALL.to());
    }
    for (Table table : catalog.all()) {
      if (!found.contains(table.id())) {
        catalog.drop(table);
      }
    }
  }

  /** {@return the handle of a table, always the same} */
  synchronized Table add(StoredTable definition) {
    Table known = catalog.byId(definition.tableId());
    if (known == null) {
      known = maker.make(definition);
      catalog.add(known);
    }
    return known;
  }

  /** Notes that a table was dropped. */
  synchronized void drop(Table table) {
    catalog.drop(table);
  }
}
