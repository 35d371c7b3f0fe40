package io.khonsu;

import io.khonsu.mvcc.ConflictStrategy;
import io.khonsu.mvcc.Key;
import io.khonsu.mvcc.WriteSet;
import io.khonsu.spi.CommittedTransaction;
import io.khonsu.spi.DamagedStorageException;
import io.khonsu.spi.Mutation;
import java.util.HashSet;
import java.util.Set;
import org.apache.arrow.memory.OutOfMemoryException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks whether transactions add up to a state, one after the other, before a replica takes them
 * over: first those of a {@link StateScan}, then the commits that follow it. Keeps nothing but the
 * tables. Not thread-safe.
 */
public final class StateCheck {
  private static final Logger LOG = LoggerFactory.getLogger(StateCheck.class);

  private final Catalog catalog = new Catalog();
  private final Recovery.TableMaker tables;
  private final Memory memory;

  /** The tables whose items were told, or begun to be, and the newest item told. */
  private final Set<Integer> begun = new HashSet<>();

  private @Nullable Key last;

  StateCheck(Recovery.TableMaker tables, Memory memory) {
    this.tables = tables;
    this.memory = memory;
  }

  /**
   * Takes the next transaction of a scan.
   *
   * @throws DamagedStorageException if it cannot be one, or cannot be read
   */
  public void part(CommittedTransaction part) throws DamagedStorageException {
    for (Mutation mutation : part.mutations()) {
      if (mutation instanceof Mutation.Delete || mutation instanceof Mutation.DropTable) {
        throw new DamagedStorageException("a state deletes something");
      }
    }
    check(part, /* isPart= */ true);
  }

  /**
   * Takes the next commit.
   *
   * @throws DamagedStorageException if it cannot come next, or cannot be read
   */
  public void commit(CommittedTransaction commit) throws DamagedStorageException {
    check(commit, /* isPart= */ false);
  }

  private void check(CommittedTransaction transaction, boolean isPart)
      throws DamagedStorageException {
    StagedMutations staged = new StagedMutations(catalog, tables, memory);
    try {
      staged.addAll(transaction.mutations(), ConflictStrategy.FAIL);
      if (isPart) {
        checkOrder(staged.writes());
      }
      staged.dropped().forEach(catalog::drop);
      staged.dropped().forEach(catalog::forget);
      staged.created().forEach(catalog::add);
    } catch (UnavailableException | OutOfMemoryException e) {
      LOG.atDebug().setCause(e).log("no memory to look at a part of a state: takeover will say so");
    } finally {
      staged.discard();
    }
  }

  private void checkOrder(WriteSet<StoredValue> items) throws DamagedStorageException {
    for (int i = 0; i < items.size(); i++) {
      Key key = items.key(i);
      Key before = last;
      if (!Catalog.isCatalogKey(key)) {
        int tableId = Table.tableIdOf(key);
        boolean isNext =
            (before == null || Table.tableIdOf(before) != tableId)
                ? begun.add(tableId)
                : before.compareTo(key) < 0;
        if (!isNext) {
          throw new DamagedStorageException(
              "the items of a state are not in the order of their keys");
        }
        last = key;
      }
    }
  }
}
