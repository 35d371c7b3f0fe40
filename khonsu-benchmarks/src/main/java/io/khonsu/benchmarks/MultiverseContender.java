package io.khonsu.benchmarks;

import org.jspecify.annotations.Nullable;
import org.multiverse.api.GlobalStmInstance;
import org.multiverse.api.IsolationLevel;
import org.multiverse.api.Txn;
import org.multiverse.api.TxnExecutor;
import org.multiverse.api.TxnFactoryBuilder;
import org.multiverse.api.callables.TxnCallable;
import org.multiverse.api.exceptions.TooManyRetriesException;
import org.multiverse.api.functions.Function;
import org.multiverse.api.references.TxnRef;

/**
 * Multiverse's references, serializable. Executors are made once, as its manual asks for, one of
 * them for transactions that only read; nobody waits for a change, so reads need no tracking for
 * that. The transaction is handed on, which spares every access the thread-local look-up.
 */
final class MultiverseContender implements Contender {
  private final TxnExecutor writing = builder().newTxnExecutor();
  private final TxnExecutor reading =
      builder().setReadonly(true).setReadTrackingEnabled(false).newTxnExecutor();
  private final TxnRef<@Nullable Long>[] refs;

  @SuppressWarnings({"unchecked", "rawtypes"}) // an array of a generic type
  MultiverseContender(KeyNames names) {
    refs = new TxnRef[names.countWithSpare()];
    for (int i = 0; i < refs.length; i++) {
      refs[i] =
          GlobalStmInstance.getGlobalStmInstance()
              .getDefaultRefFactory()
              .<@Nullable Long>newTxnRef(i < names.count() ? (Long) (long) i : null);
    }
  }

  private static TxnFactoryBuilder builder() {
    return GlobalStmInstance.getGlobalStmInstance()
        .newTxnFactoryBuilder()
        .setIsolationLevel(IsolationLevel.Serializable)
        .setBlockingAllowed(false)
        .setInterruptible(false);
  }

  @Override
  public Session open() {
    return new MultiverseSession();
  }

  @Override
  public @Nullable Long valueOf(int item) {
    return refs[item].atomicGet();
  }

  /** One thread's transactions: a body made once. */
  private final class MultiverseSession extends RerunningSession {
    private final TxnCallable<Long> body = this::attempt;

    @SuppressWarnings("NullAway.Init") // the body sets it before anything reads it
    private Txn txn;

    @Override
    long execute(Task task) {
      try {
        return (task.isReadOnly() ? reading : writing).execute(body);
      } catch (TooManyRetriesException e) {
        throw new GaveUpException(e);
      }
    }

    private Long attempt(Txn started) {
      txn = started;
      return attempt();
    }

    @Override
    @Nullable Long find(int item) {
      return refs[item].get(txn);
    }

    @Override
    void set(int item, @Nullable Long value) {
      refs[item].set(txn, value);
    }

    @Override
    void add(int item, long delta) {
      Function<@Nullable Long> adding = value -> Contender.required(value) + delta;
      refs[item].commute(txn, adding);
    }
  }
}
