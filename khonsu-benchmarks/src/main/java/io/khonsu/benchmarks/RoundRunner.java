package io.khonsu.benchmarks;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** Threads that run transactions of one load on one contender after the other. */
final class RoundRunner implements AutoCloseable {
  /** Every so many short transactions one is timed. */
  private static final int SAMPLING = 16;

  private final List<Load.Part> parts = new ArrayList<>();
  private final List<KeySequence> sequences = new ArrayList<>();
  private final Crew crew;

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
    this.crew = new Crew(threads);
  }

  /** Runs a round of {@code millis}; {@return one result for each part that some thread has} */
  Map<Load.Part, Rounds.Round> run(Contender contender, long millis) throws Exception {
    return totals(crew.run(workers(contender), millis));
  }

  /** Runs {@code transactions} on each thread, however long it takes. */
  Map<Load.Part, Rounds.Round> runCounted(Contender contender, int transactions)
      throws InterruptedException {
    return totals(crew.runCounted(workers(contender), transactions));
  }

  @Override
  public void close() {
    crew.close();
  }

  private List<TaskWorker> workers(Contender contender) {
    List<TaskWorker> workers = new ArrayList<>();
    for (int thread = 0; thread < sequences.size(); thread++) {
      workers.add(new TaskWorker(contender.open(), thread));
    }
    return workers;
  }

  private Map<Load.Part, Rounds.Round> totals(List<Crew.Share> shares) {
    Map<Load.Part, List<Crew.Share>> ofParts = new EnumMap<>(Load.Part.class);
    for (int thread = 0; thread < shares.size(); thread++) {
      ofParts.computeIfAbsent(parts.get(thread), _ -> new ArrayList<>()).add(shares.get(thread));
    }
    Map<Load.Part, Rounds.Round> totals = new EnumMap<>(Load.Part.class);
    ofParts.forEach((part, ofPart) -> totals.put(part, Crew.Share.total(ofPart)));
    return totals;
  }

  /** One thread in one round. */
  private final class TaskWorker extends Crew.Worker {
    private final Session session;
    private final KeySequence sequence;
    private final Task task;
    private final long firstValue;

    private TaskWorker(Session session, int thread) {
      super(parts.get(thread) == Load.Part.SCANS ? 1 : SAMPLING);
      this.session = session;
      this.sequence = sequences.get(thread);
      this.task = sequence.newTask();
      this.firstValue = (long) thread << Integer.SIZE;
    }

    @Override
    void transact(long n) {
      task.load(sequence.at(n), firstValue + n);
      try {
        long result = session.transact(task);
        work.changed += task.shape().settle(task, result);
      } catch (Session.GaveUpException _) {
        work.failures++;
      }
    }

    @Override
    long retries() {
      return session.retries();
    }
  }
}
