package io.khonsu.benchmarks;

import scala.Function1;
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
  public long valueOf(int item) {
    return executor.<Long>apply(txn -> cells.get(item, txn), UNKNOWN);
  }

  /** Where the numbers are. */
  private interface Cells {
    Long get(int item, InTxn txn);

    void set(int item, Long value, InTxn txn);
  }

  /** A reference for each item. */
  private static final class RefCells implements Cells {
    private final Ref<Long>[] refs;

    @SuppressWarnings({"unchecked", "rawtypes"}) // an array of a generic type
    private RefCells(KeyNames names) {
      refs = new Ref[names.count()];
      for (int i = 0; i < refs.length; i++) {
        refs[i] = STM.newRef((long) i).ref();
      }
    }

    @Override
    public Long get(int item, InTxn txn) {
      return refs[item].get(txn);
    }

    @Override
    public void set(int item, Long value, InTxn txn) {
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
        map.single().put(KeyNames.fresh(i), (long) i);
      }
    }

    @Override
    public Long get(int item, InTxn txn) {
      return map.apply(names.string(item), txn);
    }

    @Override
    public void set(int item, Long value, InTxn txn) {
      map.put(names.string(item), value, txn);
    }
  }

  /** One thread's transactions: bodies made once, with their arguments in fields. */
  private final class ScalaSession implements Session {
    private final Function1<InTxn, Object> readWrite = this::runReadWrite;
    private final Function1<InTxn, Object> increment = this::runIncrement;
    private final Function1<InTxn, Object> writePair = this::runWritePair;
    private final Function1<InTxn, Long> readSum = this::runReadSum;
    private int read1;
    private int read2;
    private int write1;
    private int write2;
    private long value;
    private int[] items = {};
    private int from;
    private int count;
    private long tries;
    private long commits;

    @Override
    public void readWrite(int read1, int read2, int write1, int write2) {
      this.read1 = read1;
      this.read2 = read2;
      this.write1 = write1;
      this.write2 = write2;
      run(readWrite);
    }

    private Object runReadWrite(InTxn txn) {
      tries++;
      Long sum = cells.get(read1, txn) + cells.get(read2, txn) + 1;
      cells.set(write1, sum, txn);
      cells.set(write2, sum, txn);
      return this;
    }

    @Override
    public long readSum(int[] items, int from, int count) {
      this.items = items;
      this.from = from;
      this.count = count;
      return run(readSum);
    }

    private Long runReadSum(InTxn txn) {
      tries++;
      long sum = 0;
      for (int i = from; i < from + count; i++) {
        sum += cells.get(items[i], txn);
      }
      return sum;
    }

    @Override
    public void increment(int item) {
      write1 = item;
      run(increment);
    }

    private Object runIncrement(InTxn txn) {
      tries++;
      cells.set(write1, cells.get(write1, txn) + 1, txn);
      return this;
    }

    @Override
    public void writePair(int item1, int item2, long value) {
      this.write1 = item1;
      this.write2 = item2;
      this.value = value;
      run(writePair);
    }

    private Object runWritePair(InTxn txn) {
      tries++;
      Long boxed = value;
      cells.set(write1, boxed, txn);
      cells.set(write2, boxed, txn);
      return this;
    }

    @Override
    public long retries() {
      return tries - commits;
    }

    private <R> R run(Function1<InTxn, R> body) {
      R result = executor.apply(body, UNKNOWN);
      commits++;
      return result;
    }
  }
}
