package io.khonsu;

import io.khonsu.spi.CommittedTransaction;
import io.khonsu.spi.InMemoryStorage;
import io.khonsu.spi.Storage;
import io.khonsu.spi.UncertainOutcomeException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

/** A storage in memory whose commits a test can hold up and let fail. */
final class ScriptedStorage implements Storage {
  /** What happens before commits are persisted; throwing, it decides what becomes of them. */
  @FunctionalInterface
  interface Script {
    /** Called with the 0-based number of the call since the script was set. */
    void before(int call, List<CommittedTransaction> commits) throws IOException;
  }

  private final InMemoryStorage kept;
  private final List<Integer> groupSizes = new ArrayList<>();
  private final AtomicInteger closed = new AtomicInteger();
  private volatile Script script = (_, _) -> {};
  private volatile int calls;
  private volatile boolean persistsUncertain;

  ScriptedStorage() {
    this(new InMemoryStorage());
  }

  ScriptedStorage(InMemoryStorage kept) {
    this.kept = kept;
  }

  void script(Script next) {
    calls = 0;
    script = next;
  }

  /** Makes commits of uncertain outcome those that were persisted after all. */
  void persistUncertain() {
    persistsUncertain = true;
  }

  /** Holds up the next call until the gate returned is opened. */
  Gate holdNext() {
    Gate gate = new Gate();
    script((call, _) -> {
      if (call == 0) {
        gate.pass();
      }
    });
    return gate;
  }

  /** A storage that was reached and waits to go on. */
  static final class Gate {
    private final CountDownLatch reached = new CountDownLatch(1);
    private final CountDownLatch opened = new CountDownLatch(1);

    void pass() {
      reached.countDown();
      await(opened);
    }

    void awaitReached() {
      await(reached);
    }

    void open() {
      opened.countDown();
    }

    private static void await(CountDownLatch latch) {
      try {
        latch.await();
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }
  }

  synchronized List<Integer> groupSizes() {
    return List.copyOf(groupSizes);
  }

  int closedCount() {
    return closed.get();
  }

  InMemoryStorage kept() {
    return kept;
  }

  @Override
  @SuppressWarnings("NonAtomicVolatileUpdate") // one thread commits
  public void commit(List<CommittedTransaction> commits) throws IOException {
    synchronized (this) {
      groupSizes.add(commits.size());
    }
    int call = calls++;
    try {
      script.before(call, commits);
    } catch (UncertainOutcomeException e) {
      if (persistsUncertain) {
        kept.commit(commits);
      }
      throw e;
    }
    kept.commit(commits);
  }

  @Override
  public void replay(Receiver receiver) throws IOException {
    kept.replay(receiver);
  }

  @Override
  public void close() {
    closed.incrementAndGet();
  }
}
