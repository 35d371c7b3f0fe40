package io.khonsu.server.torture;

import io.khonsu.server.torture.TortureReport.Wound;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import java.util.stream.LongStream;

/**
 * Three nodes in processes of their own, with clients on each, that are hurt in one way after
 * another. What is done, for how long, and to whom as seen from the leader follows from a seed; who
 * leads does not.
 */
public final class Torture {
  static final int NODES = 3;
  static final List<Long> ALL = LongStream.rangeClosed(1, NODES).boxed().toList();

  /** Long enough for any machine: a cluster that is not back by then has failed. */
  private static final Duration TIMEOUT = Duration.ofMinutes(3);

  private static final Duration POLL = Duration.ofMillis(20);

  private final Nodes nodes;
  private final ClientLogs logs;
  private final Consumer<String> progress;

  private Torture(Nodes nodes, ClientLogs logs, Consumer<String> progress) {
    this.nodes = nodes;
    this.logs = logs;
    this.progress = progress;
  }

  /**
   * Hurts a new cluster.
   *
   * @param directory new or empty; stays
   * @param mainClass the program's
   * @param progress is told, again and again, in one line what goes on
   * @throws IOException if the disk cannot be used, or a process not started, or a node has ended
   *     by itself
   * @throws TimeoutException if the cluster did not come back
   */
  public static TortureReport run(
      Path directory, String mainClass, TorturePlan plan, Consumer<String> progress)
      throws IOException, InterruptedException, TimeoutException {
    progress.accept("starting three processes");
    try (Nodes nodes = Nodes.create(directory, mainClass, plan)) {
      ClientLogs logs = new ClientLogs(nodes.cluster());
      Torture torture = new Torture(nodes, logs, progress);
      List<Wound> wounds = torture.hurt(plan);
      progress.accept("stopping the clients");
      List<Integer> exitStatuses = nodes.cluster().stop();
      logs.read();
      progress.accept("reading all lists");
      Audit audit = Audit.of(nodes.cluster(), logs.all(System.nanoTime()));
      progress.accept("checking the history");
      return TortureReport.of(plan, wounds, audit, nodes.complaints(), exitStatuses);
    }
  }

  private List<Wound> hurt(TorturePlan plan)
      throws IOException, InterruptedException, TimeoutException {
    RandomGenerator random = new SplittableRandom(plan.seed());
    List<Wound> wounds = new ArrayList<>();
    awaitService(System.nanoTime());
    long start = System.nanoTime();
    while (System.nanoTime() - start < plan.duration().toNanos()) {
      Fault fault = plan.draw(random);
      long leader = nodes.cluster().awaitLeader(ALL, TIMEOUT);
      progress.accept("fault %d: %s".formatted(wounds.size() + 1, fault));
      long hurt = System.nanoTime();
      nodes.hurt(fault, leader);
      awaitService(System.nanoTime());
      Wound wound =
          new Wound(
              fault,
              leader,
              Duration.ofNanos(hurt - start),
              logs.longestPause(hurt, ALL),
              logs.slowest(hurt, nodes.serving(fault, leader)));
      wounds.add(wound);
      Thread.sleep(fault.pause());
    }
    return wounds;
  }

  /** Waits until every node has committed something that was begun after a moment. */
  private void awaitService(long sinceNanos)
      throws IOException, InterruptedException, TimeoutException {
    var _ = nodes.cluster().awaitLeader(ALL, TIMEOUT);
    long deadline = System.nanoTime() + TIMEOUT.toNanos();
    while (!logs.haveAllCommitted(sinceNanos)) {
      if (System.nanoTime() > deadline) {
        throw new TimeoutException(
            "not every node commits again after %d s".formatted(TIMEOUT.toSeconds()));
      }
      Thread.sleep(POLL);
      logs.read();
    }
  }
}
