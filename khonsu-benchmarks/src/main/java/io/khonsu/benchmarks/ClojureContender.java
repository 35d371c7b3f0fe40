package io.khonsu.benchmarks;

import clojure.lang.LockingTransaction;
import clojure.lang.Ref;
import java.util.concurrent.Callable;

/**
 * Clojure's references: snapshot isolation as they are; serializable where whatever is only read is
 * ensured, too. Transactions that write nothing need no {@code ensure}.
 */
final class ClojureContender implements Contender {
  private final Ref[] refs;
  private final boolean ensures;

  private ClojureContender(KeyNames names, boolean ensures) {
    this.ensures = ensures;
    this.refs = new Ref[names.count()];
    for (int i = 0; i < refs.length; i++) {
      refs[i] = new Ref((long) i);
    }
  }

  static ClojureContender plain(KeyNames names) {
    return new ClojureContender(names, false);
  }

  static ClojureContender ensuring(KeyNames names) {
    return new ClojureContender(names, true);
  }

  @Override
  public Session open() {
    return new ClojureSession();
  }

  @Override
  public long valueOf(int item) {
    return (Long) refs[item].deref();
  }

  /** One thread's transactions: bodies made once, with their arguments in fields. */
  private final class ClojureSession implements Session {
    private final Callable<Object> readWrite = this::runReadWrite;
    private final Callable<Object> increment = this::runIncrement;
    private final Callable<Object> writePair = this::runWritePair;
    private final Callable<Object> readSum = this::runReadSum;
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

    private Object runReadWrite() {
      tries++;
      Long sum = read(read1) + read(read2) + 1;
      refs[write1].set(sum);
      return refs[write2].set(sum);
    }

    private long read(int item) {
      Ref ref = refs[item];
      if (ensures) {
        ref.touch(); // clojure.core/ensure
      }
      return (Long) ref.deref();
    }

    @Override
    public long readSum(int[] items, int from, int count) {
      this.items = items;
      this.from = from;
      this.count = count;
      return (Long) run(readSum);
    }

    private Object runReadSum() {
      tries++;
      long sum = 0;
      for (int i = from; i < from + count; i++) {
        sum += valueOf(items[i]);
      }
      return sum;
    }

    @Override
    public void increment(int item) {
      write1 = item;
      run(increment);
    }

    private Object runIncrement() {
      tries++;
      return refs[write1].set(valueOf(write1) + 1);
    }

    @Override
    public void writePair(int item1, int item2, long value) {
      this.write1 = item1;
      this.write2 = item2;
      this.value = value;
      run(writePair);
    }

    private Object runWritePair() {
      tries++;
      Long boxed = value;
      refs[write1].set(boxed);
      return refs[write2].set(boxed);
    }

    @Override
    public long retries() {
      return tries - commits;
    }

    private Object run(Callable<Object> body) {
      try {
        Object result = LockingTransaction.runInTransaction(body);
        commits++;
        return result;
      } catch (Exception e) {
        throw new IllegalStateException("a Clojure transaction failed for good", e);
      }
    }
  }
}
