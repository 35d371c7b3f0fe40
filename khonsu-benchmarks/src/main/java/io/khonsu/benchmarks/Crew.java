package io.khonsu.benchmarks;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** A fixed set of threads that work together, round after round. */
final class Crew implements AutoCloseable {
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private final ExecutorService executor;
  private volatile boolean stopped;

  Crew(int threads) {
    this.executor =
        Executors.newFixedThreadPool(threads, Thread.ofPlatform().name("bench-", 0).factory());
  }

  /** How long a round lasts. */
  @FunctionalInterface
  interface Span {
    /** Returns, or throws, when the round is to end. */
    void await() throws Exception;
  }

  /** Runs a round of {@code millis}; otherwise as {@link #run(List, Span)}. */
  List<Share> run(List<? extends Worker> workers, long millis) throws Exception {
    return run(workers, () -> TimeUnit.MILLISECONDS.sleep(millis));
  }

  /**
   * Runs a round.
   *
   * @param workers one for each thread
   * @return what each of them did
   * @throws IllegalStateException if one fails
   */
  List<Share> run(List<? extends Worker> workers, Span span) throws Exception {
    CountDownLatch ready = new CountDownLatch(workers.size());
    CountDownLatch start = new CountDownLatch(1);
    stopped = false;
    List<Future<Share>> futures = new ArrayList<>();
    for (Worker worker : workers) {
      futures.add(
          executor.submit(() -> {
            ready.countDown();
            start.await();
            return run(worker, Long.MAX_VALUE);
          }));
    }
    ready.await();
    start.countDown();
    try {
      span.await();
    } finally {
      stopped = true;
    }
    return results(futures);
  }

  /** Runs {@code transactions} on each thread, however long it takes. */
  List<Share> runCounted(List<? extends Worker> workers, int transactions)
      throws InterruptedException {
    stopped = false;
    List<Future<Share>> futures = new ArrayList<>();
    for (Worker worker : workers) {
      futures.add(executor.submit(() -> run(worker, transactions)));
    }
    return results(futures);
  }

  @Override
  public void close() {
    executor.shutdownNow();
  }

  private Share run(Worker worker, long most) throws Exception {
    Work work = worker.work;
    Histogram latencies = new Histogram();
    long allocated = THREADS.getCurrentThreadAllocatedBytes();
    long cpu = THREADS.getCurrentThreadCpuTime();
    long started = System.nanoTime();
    long done = 0;
    while (done < most && !stopped) {
      long before = System.nanoTime();
      worker.transact(done);
      latencies.record(System.nanoTime() - before);
      done++;
      for (int i = 1; i < worker.sampling && done < most; i++) {
        worker.transact(done++);
      }
    }
    long ended = System.nanoTime();
    work.cpuNanos = THREADS.getCurrentThreadCpuTime() - cpu;
    work.allocatedBytes = THREADS.getCurrentThreadAllocatedBytes() - allocated;
    work.commits = done - work.failures;
    work.retries = worker.retries();
    return new Share(work, started, ended, latencies);
  }

  private static List<Share> results(List<Future<Share>> futures) throws InterruptedException {
    List<Share> shares = new ArrayList<>();
    for (Future<Share> future : futures) {
      try {
        shares.add(future.get());
      } catch (ExecutionException e) {
        throw new IllegalStateException("a contender failed", e.getCause());
      }
    }
    return shares;
  }

  /** What one thread did in a round. */
  record Share(Work work, long startedNanos, long endedNanos, Histogram latencies) {
    /** {@return what several did together} */
    static Rounds.Round total(List<Share> shares) {
      Histogram latencies = new Histogram();
      Work total = new Work();
      long started = Long.MAX_VALUE;
      long ended = Long.MIN_VALUE;
      for (Share share : shares) {
        latencies.add(share.latencies);
        total.add(share.work);
        started = Math.min(started, share.startedNanos);
        ended = Math.max(ended, share.endedNanos);
      }
      return new Rounds.Round(total, ended - started, latencies);
    }
  }

  /** What one thread does in one round. */
  abstract static class Worker {
    /** Failures and changes are the worker's to count. */
    final Work work = new Work();

    private final int sampling;

    /**
     * Creates a worker.
     *
     * @param sampling every so many transactions one is timed, and the stop sign is looked at
     */
    Worker(int sampling) {
      this.sampling = sampling;
    }

    /** Runs transaction number {@code n} of the round. */
    abstract void transact(long n) throws Exception;

    /** {@return how many tries failed in this round and were followed by another} */
    long retries() {
      return 0;
    }
  }
}
