package io.khonsu.benchmarks;

import org.jspecify.annotations.Nullable;
import scala.Function1;
import scala.Option;
import scala.concurrent.stm.InTxn;
import scala.concurrent.stm.MaybeTxn;
import scala.concurrent.stm.Ref;
import scala.concurrent.stm.TMap;
import scala.concurrent.stm.TxnExecutor;
import scala.concurrent.stm.TxnUnknown$;
import scala.concurrent.stm.japi.STM;

/**
 * ScalaSTM: its references, or its transactional map. The transaction is handed on as Scala code
 * does, which spares every access the thread-local look-up of the Java interface.
 */
final class ScalaContender implements Contender {
  private static final MaybeTxn UNKNOWN = TxnUnknown$.MODULE$;

  private final TxnExecutor executor = TxnExecutor.defaultAtomic();
  private final Cells cells;

  private ScalaContender(Cells cells) {
    this.cells = cells;
  }

  static ScalaContender refs(KeyNames names) {
    return new ScalaContender(new RefCells(names));
  }

  static ScalaContender map(KeyNames names) {
    return new ScalaContender(new MapCells(names));
  }

  @Override
  public Session open() {
    return new ScalaSession();
  }

  @Override
  public @Nullable Long valueOf(int item) {
    return executor.<@Nullable Long>apply(txn -> cells.find(item, txn), UNKNOWN);
  }

  /** Where the numbers are. */
  private interface Cells {
    @Nullable Long find(int item, InTxn txn);

    void set(int item, @Nullable Long value, InTxn txn);
  }

  /** A reference for each item. */
  private static final class RefCells implements Cells {
    private final Ref<@Nullable Long>[] refs;

    @SuppressWarnings({"unchecked", "rawtypes"}) // an array of a generic type
    private RefCells(KeyNames names) {
      refs = new Ref[names.countWithSpare()];
      for (int i = 0; i < refs.length; i++) {
        refs[i] = STM.<@Nullable Long>newRef(i < names.count() ? (Long) (long) i : null).ref();
      }
    }

    @Override
    public @Nullable Long find(int item, InTxn txn) {
      return refs[item].get(txn);
    }

    @Override
    public void set(int item, @Nullable Long value, InTxn txn) {
      refs[item].set(value, txn);
    }
  }

  /** A map for all items. */
  private static final class MapCells implements Cells {
    private final KeyNames names;
    private final TMap<String, Long> map = STM.<String, Long>newTMap().tmap();

    private MapCells(KeyNames names) {
      this.names = names;
      for (int i = 0; i < names.count(); i++) {
        map.single().put(names.fresh(i), (long) i);
      }
    }

    @Override
    public @Nullable Long find(int item, InTxn txn) {
      Option<Long> found = map.get(names.string(item), txn);
      return found.isEmpty() ? null : found.get();
    }

    @Override
    public void set(int item, @Nullable Long value, InTxn txn) {
      if (value == null) {
        map.remove(names.string(item), txn);
      } else {
        map.put(names.string(item), value, txn);
      }
    }
  }

  /** One thread's transactions: a body made once. */
  private final class ScalaSession extends RerunningSession {
    private final Function1<InTxn, Object> body = this::attempt;

    @SuppressWarnings("NullAway.Init") // the body sets it before anything reads it
    private InTxn txn;

    @Override
    long execute(Task task) {
      return (Long) executor.apply(body, UNKNOWN);
    }

    private Object attempt(InTxn started) {
      txn = started;
      return attempt();
    }

    @Override
    @Nullable Long find(int item) {
      return cells.find(item, txn);
    }

    @Override
    void set(int item, @Nullable Long value) {
      cells.set(item, value, txn);
    }
  }
}
