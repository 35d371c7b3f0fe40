package io.khonsu.testkit.history;

import io.khonsu.testkit.Level;
import io.khonsu.testkit.history.TransactionGenerator.Mix;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Runs random transactions on a store from several threads and records their history. In the end a
 * last client reads every key that was touched, so that whatever is missing is missed.
 */
public final class HistoryWorkload {
  private static final int FINAL_READS_PER_TRANSACTION = 6;

  /**
   * How much to run.
   *
   * @param threads how many clients run at once
   * @param transactions how many transactions each of them runs
   * @param durationMax after this time no further transaction begins
   * @param keyCount how many keys are in use at a time
   * @param operationsMax the most operations of a transaction
   * @param seed of the operations; what the threads make of them is not repeatable
   */
  public record Options(
      Level level,
      int threads,
      int transactions,
      Duration durationMax,
      int keyCount,
      int operationsMax,
      long seed) {

    /** {@return four threads with 500 transactions each, of 1 to 6 operations on 8 keys} */
    public static Options of(Level level, long seed) {
      return new Options(level, 4, 500, Duration.ofMinutes(1), 8, 6, seed);
    }
  }

  /** A transaction of either kind of store. */
  private interface Session {
    Operation execute(Operation operation);

    CommitReport commit();

    @Nullable Long snapshotVersion();
  }

  private final Options options;
  private final Mix mix;
  private final Supplier<Session> begin;
  private final LongSupplier nanos;
  private final HistoryRecorder recorder;
  private final long startNanos;

  private HistoryWorkload(Options options, Mix mix, Supplier<Session> begin, LongSupplier nanos) {
    this.options = options;
    this.mix = mix;
    this.begin = begin;
    this.nanos = nanos;
    this.recorder = new HistoryRecorder(nanos);
    this.startNanos = nanos.getAsLong();
  }

  /**
   * Runs list appends.
   *
   * @param nanos a monotone clock, such as {@code System::nanoTime}
   * @throws IllegalStateException if a session threw; the cause is what it threw
   */
  public static History runListAppend(ListAppendStore store, Options options, LongSupplier nanos)
      throws InterruptedException {
    Supplier<Session> begin = () -> session(store.begin(options.level()));
    return new HistoryWorkload(options, Mix.LIST_APPEND, begin, nanos).run();
  }

  /**
   * Runs reads and writes of registers.
   *
   * @param nanos a monotone clock, such as {@code System::nanoTime}
   * @throws IllegalStateException if a session threw; the cause is what it threw
   */
  public static History runRegisters(RegisterStore store, Options options, LongSupplier nanos)
      throws InterruptedException {
    Supplier<Session> begin = () -> session(store.begin(options.level()));
    return new HistoryWorkload(options, Mix.REGISTER, begin, nanos).run();
  }

  private History run() throws InterruptedException {
    SplittableRandom random = new SplittableRandom(options.seed());
    List<Future<?>> running = new ArrayList<>();
    try (ExecutorService executor = Executors.newFixedThreadPool(options.threads())) {
      for (int i = 0; i < options.threads(); i++) {
        TransactionGenerator generator =
            new TransactionGenerator(
                random.split(),
                mix,
                options.keyCount(),
                options.operationsMax(),
                i,
                options.threads());
        running.add(executor.submit(() -> runClient(generator)));
      }
      for (Future<?> client : running) {
        client.get();
      }
    } catch (ExecutionException e) {
      throw new IllegalStateException("a client failed, seed " + options.seed(), e.getCause());
    }
    readEverything();
    return recorder.history();
  }

  private void runClient(TransactionGenerator generator) {
    HistoryRecorder.Client client = recorder.client();
    for (int i = 0; i < options.transactions(); i++) {
      if (nanos.getAsLong() - startNanos > options.durationMax().toNanos()) {
        return;
      }
      runTransaction(client, generator.next());
    }
  }

  private void runTransaction(HistoryRecorder.Client client, List<Operation> operations) {
    client.invoke(operations);
    Session session = begin.get();
    List<Operation> executed = new ArrayList<>(operations.size());
    operations.forEach(operation -> executed.add(session.execute(operation)));
    switch (session.commit()) {
      case CommitReport.Committed(Long version) ->
          client.committed(executed, version, session.snapshotVersion());
      case CommitReport.Refused _ -> client.failed();
      case CommitReport.Unknown _ -> client.unknown();
    }
  }

  private void readEverything() {
    List<Long> keys =
        recorder.history().transactions().stream()
            .flatMap(t -> t.operations().stream().map(Operation::key))
            .distinct()
            .sorted()
            .toList();
    HistoryRecorder.Client client = recorder.client();
    for (int from = 0; from < keys.size(); from += FINAL_READS_PER_TRANSACTION) {
      int to = Math.min(keys.size(), from + FINAL_READS_PER_TRANSACTION);
      List<Operation> reads = new ArrayList<>();
      for (long key : keys.subList(from, to)) {
        reads.add(
            mix == Mix.LIST_APPEND
                ? new Operation.ReadList(key, null)
                : new Operation.ReadRegister(key, null));
      }
      runTransaction(client, reads);
    }
  }

  private static Session session(ListAppendStore.Session session) {
    return new Session() {
      @Override
      public Operation execute(Operation operation) {
        if (operation instanceof Operation.Append(long key, long value)) {
          session.append(key, value);
          return operation;
        }
        return new Operation.ReadList(operation.key(), session.read(operation.key()));
      }

      @Override
      public CommitReport commit() {
        return session.commit();
      }

      @Override
      public @Nullable Long snapshotVersion() {
        return session.snapshotVersion();
      }
    };
  }

  private static Session session(RegisterStore.Session session) {
    return new Session() {
      @Override
      public Operation execute(Operation operation) {
        if (operation instanceof Operation.Write(long key, long value)) {
          session.write(key, value);
          return operation;
        }
        OptionalLong seen = session.read(operation.key());
        return new Operation.ReadRegister(
            operation.key(), seen.isPresent() ? seen.getAsLong() : null);
      }

      @Override
      public CommitReport commit() {
        return session.commit();
      }

      @Override
      public @Nullable Long snapshotVersion() {
        return session.snapshotVersion();
      }
    };
  }
}
