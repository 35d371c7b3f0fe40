package io.khonsu.benchmarks;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** A fixed set of threads that run transactions of one load on one contender after the other. */
final class RoundRunner implements AutoCloseable {
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  /** Every so many transactions one is timed, and the clock and the stop sign are looked at. */
  private static final int SAMPLING = 16;

  private final List<Load.Part> parts = new ArrayList<>();
  private final List<KeySequence> sequences = new ArrayList<>();
  private final ExecutorService executor;
  private volatile boolean stopped;

  /**
   * Starts the threads.
   *
   * @param drawn transactions per thread, after which they start again; a power of two
   */
  RoundRunner(Load load, int threads, int keyCount, int drawn) {
    for (int thread = 0; thread < threads; thread++) {
      Load.Part part = load.part(thread, threads);
      parts.add(part);
      sequences.add(new KeySequence(load, part, keyCount, drawn, 1 + thread));
    }
    this.executor =
        Executors.newFixedThreadPool(threads, Thread.ofPlatform().name("bench-", 0).factory());
  }

  /** Runs a round of {@code millis}; {@return one result for each part that some thread has} */
  Map<Load.Part, Measurement.Round> run(Contender contender, long millis)
      throws InterruptedException {
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
    return totals(futures);
  }

  /** Runs {@code transactions} on each thread, however long it takes. */
  Map<Load.Part, Measurement.Round> runCounted(Contender contender, int transactions)
      throws InterruptedException {
    stopped = false;
    List<Future<Share>> futures = new ArrayList<>();
    for (int thread = 0; thread < sequences.size(); thread++) {
      Worker worker = new Worker(contender.open(), thread);
      futures.add(executor.submit(() -> worker.run(transactions)));
    }
    return totals(futures);
  }

  @Override
  public void close() {
    executor.shutdownNow();
  }

  private Map<Load.Part, Measurement.Round> totals(List<Future<Share>> futures)
      throws InterruptedException {
    Map<Load.Part, List<Share>> shares = new EnumMap<>(Load.Part.class);
    for (int thread = 0; thread < futures.size(); thread++) {
      Share share = result(futures.get(thread));
      shares.computeIfAbsent(parts.get(thread), _ -> new ArrayList<>()).add(share);
    }
    Map<Load.Part, Measurement.Round> totals = new EnumMap<>(Load.Part.class);
    shares.forEach((part, ofPart) -> totals.put(part, total(ofPart)));
    return totals;
  }

  private static Measurement.Round total(List<Share> shares) {
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
    return new Measurement.Round(total, ended - started, latencies);
  }

  private static Share result(Future<Share> future) throws InterruptedException {
    try {
      return future.get();
    } catch (ExecutionException e) {
      throw new IllegalStateException("a contender failed", e.getCause());
    }
  }

  /** What one thread did in a round. */
  private record Share(Work work, long startedNanos, long endedNanos, Histogram latencies) {}

  /** One thread in one round. */
  private final class Worker {
    private final Session session;
    private final KeySequence sequence;
    private final Task task;
    private final int sampling;
    private final long firstValue;
    private final Histogram latencies = new Histogram();
    private final Work work = new Work();

    private Worker(Session session, int thread) {
      this.session = session;
      this.sequence = sequences.get(thread);
      this.task = sequence.newTask();
      this.sampling = parts.get(thread) == Load.Part.SCANS ? 1 : SAMPLING;
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
        for (int i = 1; i < sampling && done < most; i++) {
          transact(done++);
        }
      }
      long ended = System.nanoTime();
      work.cpuNanos = THREADS.getCurrentThreadCpuTime() - cpu;
      work.allocatedBytes = THREADS.getCurrentThreadAllocatedBytes() - allocated;
      work.commits = done - work.failures;
      work.retries = session.retries();
      return new Share(work, started, ended, latencies);
    }

    private void transact(long n) {
      task.load(sequence.at(n), firstValue + n);
      try {
        long result = session.transact(task);
        work.changed += task.shape().settle(task, result);
      } catch (Session.GaveUpException _) {
        work.failures++;
      }
    }
  }
}
