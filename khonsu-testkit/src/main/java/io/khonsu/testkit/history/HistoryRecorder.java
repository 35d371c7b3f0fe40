package io.khonsu.testkit.history;

import io.khonsu.testkit.history.HistoryTransaction.Outcome;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Records a history from many threads. Each thread takes its own {@link Client}, and recording
 * costs it two clock readings and an entry in a list of its own.
 */
public final class HistoryRecorder {
  private final LongSupplier nanos;
  private final long originNanos;
  private final AtomicInteger nextProcess = new AtomicInteger();
  private final Queue<Client> clients = new ConcurrentLinkedQueue<>();

  /**
   * Creates an empty recorder.
   *
   * @param nanos a monotone clock, such as {@code System::nanoTime}, shared by all threads
   */
  public HistoryRecorder(LongSupplier nanos) {
    this.nanos = nanos;
    this.originNanos = nanos.getAsLong();
  }

  /** {@return a client for the calling thread} */
  public Client client() {
    Client client = new Client();
    clients.add(client);
    return client;
  }

  /** {@return everything recorded; call it when the threads of all clients have ended} */
  public History history() {
    List<HistoryTransaction> all = new ArrayList<>();
    clients.forEach(client -> all.addAll(client.recorded));
    return History.of(all);
  }

  /** One client, used by one thread: each {@code invoke} is followed by one of the outcomes. */
  public final class Client {
    private final List<HistoryTransaction> recorded = new ArrayList<>();
    private int process = nextProcess.getAndIncrement();
    private List<Operation> invoked = List.of();
    private long invokedNanos;

    private Client() {}

    /** Records that a transaction of {@code operations} starts now. */
    public void invoke(List<Operation> operations) {
      invoked = operations;
      invokedNanos = nanos.getAsLong() - originNanos;
    }

    /**
     * Records that it committed.
     *
     * @param operations the operations again, with what the reads saw
     * @param commitVersion null if the store doesn't tell
     * @param snapshotVersion null if the store doesn't tell
     */
    public void committed(
        List<Operation> operations, @Nullable Long commitVersion, @Nullable Long snapshotVersion) {
      complete(operations, Outcome.COMMITTED, commitVersion, snapshotVersion);
    }

    /** Records that it surely has no effect. */
    public void failed() {
      complete(invoked, Outcome.FAILED, null, null);
    }

    /** Records that nobody knows; the client goes on as a new process. */
    public void unknown() {
      complete(invoked, Outcome.UNKNOWN, null, null);
      process = nextProcess.getAndIncrement();
    }

    private void complete(
        List<Operation> operations,
        Outcome outcome,
        @Nullable Long commitVersion,
        @Nullable Long snapshotVersion) {
      recorded.add(
          new HistoryTransaction(
              0,
              process,
              operations,
              outcome,
              invokedNanos,
              nanos.getAsLong() - originNanos,
              commitVersion,
              snapshotVersion));
    }
  }
}
