package io.khonsu.benchmarks;

import clojure.lang.AFn;
import clojure.lang.LockingTransaction;
import clojure.lang.RT;
import clojure.lang.Ref;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;

/**
 * Clojure's references: snapshot isolation as they are; serializable where whatever is only read is
 * ensured, too. Transactions that write nothing need no {@code ensure}.
 */
final class ClojureContender implements Contender {
  private final Ref[] refs;
  private final boolean ensures;

  private ClojureContender(KeyNames names, boolean ensures) {
    this.ensures = ensures;
    this.refs = new Ref[names.countWithSpare()];
    for (int i = 0; i < refs.length; i++) {
      refs[i] = new Ref(i < names.count() ? (Long) (long) i : null);
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
  public @Nullable Long valueOf(int item) {
    return (Long) refs[item].deref();
  }

  /** The function that {@code commute} runs, once in the transaction and again at its commit. */
  private static final class Adding extends AFn {
    @Override
    public Object invoke(Object value, Object delta) {
      return (Long) value + (Long) delta;
    }
  }

  /** One thread's transactions: a body made once. */
  private final class ClojureSession extends RerunningSession {
    private final Callable<Object> body = this::attempt;
    private final Adding adding = new Adding();
    private boolean ensuring;

    @Override
    long execute(Task task) {
      ensuring = ensures && !task.isReadOnly();
      try {
        return (Long) LockingTransaction.runInTransaction(body);
      } catch (RuntimeException e) {
        throw isRetryLimit(e) ? new GaveUpException(e) : e;
      } catch (Exception e) {
        throw new IllegalStateException("a Clojure transaction failed for good", e);
      }
    }

    @Override
    @Nullable Long find(int item) {
      Ref ref = refs[item];
      if (ensuring && !current().writesTo(item)) {
        ref.touch(); // clojure.core/ensure
      }
      return (Long) ref.deref();
    }

    @Override
    void set(int item, @Nullable Long value) {
      refs[item].set(value);
    }

    @Override
    void add(int item, long delta) {
      refs[item].commute(adding, RT.list(delta));
    }

    private boolean isRetryLimit(RuntimeException e) {
      return String.valueOf(e.getMessage()).contains("retry limit");
    }
  }
}
