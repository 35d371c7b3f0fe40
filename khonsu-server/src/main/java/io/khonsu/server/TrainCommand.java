package io.khonsu.server;

import io.khonsu.Khonsu;
import io.khonsu.NodePresence;
import io.khonsu.Table;
import io.khonsu.TableSpec;
import io.khonsu.server.node.AdminClient;
import io.khonsu.server.node.ConfigException;
import io.khonsu.server.node.LocalCluster;
import io.khonsu.server.node.NodeConfig;
import io.khonsu.server.node.RunningNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * {@code khonsu train}: does for a while what nodes of a cluster do, three of them in this process,
 * and ends. The launcher lets the JVM watch this, to make the cache that later starts begin from.
 */
@Command(
    name = "train",
    hidden = true,
    description = "Runs a small cluster in this process for a while, so that the JVM learns it.")
final class TrainCommand implements Callable<Integer> {
  private static final int NODES = 3;

  /** How many commits are under way at once: nodes that work do much in a batch. */
  private static final int CLIENTS = 16;

  /** On a slow machine there are fewer commits. */
  private static final long NANOS_MAX = 10_000_000_000L;

  @Parameters(paramLabel = "DIR", description = "An empty directory for the nodes' disks.")
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private Path directory;

  @Option(names = "--commits", defaultValue = "20000", description = "How many at most.")
  private int commits;

  @Override
  public Integer call()
      throws IOException, ConfigException, ExecutionException, InterruptedException {
    Deque<RunningNode> nodes = new ArrayDeque<>();
    try {
      for (Path file : LocalCluster.configure(directory, NODES)) {
        NodeConfig config = NodeConfig.read(file);
        nodes.addLast(RunningNode.start(config, NodePresence.NEW, RunningNode.Faults.REFUSED));
      }
      commit(List.copyOf(nodes), commits);
      for (RunningNode node : nodes) {
        var _ = new AdminClient(node.admin()).status();
      }
      return ExitCode.OK.code();
    } finally {
      while (!nodes.isEmpty()) {
        nodes.removeLast().close();
      }
    }
  }

  /** Lets the nodes take turns, so that each leads, follows and forwards. */
  private static void commit(List<RunningNode> nodes, int commits)
      throws ExecutionException, InterruptedException {
    List<Field> columns =
        List.of(
            Field.notNullable("item", new ArrowType.Int(Long.SIZE, true)),
            Field.nullable("value", new ArrowType.Binary()));
    Khonsu first = nodes.getFirst().member().store();
    var _ = first.createTable(TableSpec.rows("items", new Schema(columns)).primaryKey("item"));
    for (RunningNode node : nodes) {
      node.member().store().snapshot().close(); // linearizable: from here on the node has the table
    }
    long end = System.nanoTime() + NANOS_MAX;
    List<Future<?>> clients = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int number = 0; number < CLIENTS; number++) {
        long own = number;
        clients.add(threads.submit(() -> commit(nodes, own, commits, end)));
      }
    }
    for (Future<?> client : clients) {
      client.get(); // throws what it threw
    }
  }

  private static void commit(List<RunningNode> nodes, long first, long commits, long end) {
    for (long i = first; i < commits && System.nanoTime() < end; i += CLIENTS) {
      Khonsu db = nodes.get((int) (i % NODES)).member().store();
      long item = i;
      db.run(tx -> {
        Table items = db.table("items").orElseThrow();
        var _ = tx.get(items, item / 2);
        tx.upsert(items, items.row(item, new byte[100]));
      });
    }
  }
}
