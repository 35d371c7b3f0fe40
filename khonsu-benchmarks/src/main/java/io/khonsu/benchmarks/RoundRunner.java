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

/** A fixed set of threads that run transactions of one load on one contender after the other. */
final class RoundRunner implements AutoCloseable {
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  /** Drawn transactions per thread, after which they start again. */
  private static final int DRAWN = 1 << 16;

  /** Every so many transactions one is timed, and the clock and the stop sign are looked at. */
  private static final int SAMPLING = 16;

  private final Load load;
  private final List<KeySequence> sequences = new ArrayList<>();
  private final ExecutorService executor;
  private volatile boolean stopped;

  RoundRunner(Load load, int threads, int keyCount) {
    this.load = load;
    for (int thread = 0; thread < threads; thread++) {
      sequences.add(new KeySequence(load, keyCount, DRAWN, 1 + thread));
    }
    this.executor =
        Executors.newFixedThreadPool(threads, Thread.ofPlatform().name("bench-", 0).factory());
  }

  /** Runs a round of {@code millis}. */
  Measurement.Round run(Contender contender, long millis) throws InterruptedException {
    CountDownLatch ready = new CountDownLatch(sequences.size());
    CountDownLatch start = new CountDownLatch(1);
    stopped = false;
    List<Future<Share>> futures = new ArrayList<>();
    for (int thread = 0; thread < sequences.size(); thread++) {
      Worker worker = new Worker(contender.open(), thread);
      futures.add(
          executor.submit(() -> {
            ready.countDown();
            start.await();
            return worker.run(Long.MAX_VALUE);
          }));
    }
    ready.await();
    start.countDown();
    TimeUnit.MILLISECONDS.sleep(millis);
    stopped = true;
    return total(futures);
  }

  /** Runs {@code transactions} on each thread, however long it takes. */
  Measurement.Round runCounted(Contender contender, int transactions) throws InterruptedException {
    stopped = false;
    List<Future<Share>> futures = new ArrayList<>();
    for (int thread = 0; thread < sequences.size(); thread++) {
      Worker worker = new Worker(contender.open(), thread);
      futures.add(executor.submit(() -> worker.run(transactions)));
    }
    return total(futures);
  }

  @Override
  public void close() {
    executor.shutdownNow();
  }

  private static Measurement.Round total(List<Future<Share>> futures) throws InterruptedException {
    Histogram latencies = new Histogram();
    long commits = 0;
    long retries = 0;
    long cpuNanos = 0;
    long allocatedBytes = 0;
    long started = Long.MAX_VALUE;
    long ended = Long.MIN_VALUE;
    for (Future<Share> future : futures) {
      Share share = result(future);
      latencies.add(share.latencies);
      commits += share.commits;
      retries += share.retries;
      cpuNanos += share.cpuNanos;
      allocatedBytes += share.allocatedBytes;
      started = Math.min(started, share.startedNanos);
      ended = Math.max(ended, share.endedNanos);
    }
    return new Measurement.Round(
        commits, retries, ended - started, cpuNanos, allocatedBytes, latencies);
  }

  private static Share result(Future<Share> future) throws InterruptedException {
    try {
      return future.get();
    } catch (ExecutionException e) {
      throw new IllegalStateException("a contender failed", e.getCause());
    }
  }

  /** What one thread did in a round. */
  private record Share(
      long commits,
      long retries,
      long startedNanos,
      long endedNanos,
      long cpuNanos,
      long allocatedBytes,
      Histogram latencies) {}

  /** One thread in one round. */
  private final class Worker {
    private final Contender.Session session;
    private final KeySequence sequence;
    private final int[] items;
    private final Histogram latencies = new Histogram();

    private final long firstValue;

    private Worker(Contender.Session session, int thread) {
      this.session = session;
      this.sequence = sequences.get(thread);
      this.items = sequence.items();
      this.firstValue = (long) thread << Integer.SIZE;
    }

    private Share run(long most) {
      long allocated = THREADS.getCurrentThreadAllocatedBytes();
      long cpu = THREADS.getCurrentThreadCpuTime();
      long started = System.nanoTime();
      long done = 0;
      while (done < most && !stopped) {
        long before = System.nanoTime();
        transact(done);
        latencies.record(System.nanoTime() - before);
        done++;
        for (int i = 1; i < SAMPLING && done < most; i++) {
          transact(done++);
        }
      }
      long ended = System.nanoTime();
      cpu = THREADS.getCurrentThreadCpuTime() - cpu;
      allocated = THREADS.getCurrentThreadAllocatedBytes() - allocated;
      return new Share(done, session.retries(), started, ended, cpu, allocated, latencies);
    }

    private void transact(long n) {
      int at = sequence.at(n);
      switch (load.operation()) {
        case READ_WRITE ->
            session.readWrite(items[at], items[at + 1], items[at + 2], items[at + 3]);
        case READ -> read(at);
        case INCREMENT -> session.increment(items[at]);
        case WRITE_PAIR -> session.writePair(items[at], items[at + 1], firstValue + n);
      }
    }

    /** Nobody writes under this load, so every item still has its first value. */
    private void read(int at) {
      int count = load.operation().itemCount();
      long expected = 0;
      for (int i = at; i < at + count; i++) {
        expected += items[i];
      }
      long sum = session.readSum(items, at, count);
      if (sum != expected) {
        throw new IllegalStateException("read " + sum + " instead of " + expected);
      }
    }
  }
}
