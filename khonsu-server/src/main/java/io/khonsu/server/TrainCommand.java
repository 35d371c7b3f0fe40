package io.khonsu.server;

import io.khonsu.Khonsu;
import io.khonsu.NodePresence;
import io.khonsu.RecordBatch;
import io.khonsu.Scan;
import io.khonsu.Snapshot;
import io.khonsu.Store;
import io.khonsu.StoreException;
import io.khonsu.Table;
import io.khonsu.TableSpec;
import io.khonsu.server.node.AdminClient;
import io.khonsu.server.node.ConfigException;
import io.khonsu.server.node.LocalCluster;
import io.khonsu.server.node.NodeConfig;
import io.khonsu.server.node.RunningNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * {@code khonsu train}: does for a while what nodes of a cluster do, three of them and a remote
 * client in this process, and ends. The launcher lets the JVM watch this, to make the cache that
 * later starts begin from.
 */
@Command(
    name = "train",
    hidden = true,
    description = "Runs a small cluster in this process for a while, so that the JVM learns it.")
final class TrainCommand implements Callable<Integer> {
  private static final Logger LOG = LoggerFactory.getLogger(TrainCommand.class);

  private static final int NODES = 3;

  /** How many commits are under way at once: nodes that work do much in a batch. */
  private static final int CLIENTS = 16;

  /** On a slow machine there are fewer commits. */
  private static final long NANOS_MAX = 5_000_000_000L;

  /** Nodes that have nothing to do talk all the same. */
  private static final long IDLE_MILLIS = 1_500;

  /** Most commits replace a row. */
  private static final int ITEMS = 1_000;

  private static final int SMALL_BYTES = 100;

  /** One that goes over the network in parts; every so many commits. */
  private static final int LARGE_BYTES = 64 << 10;

  private static final int LARGE_EVERY = 199;

  /** Settings by which what is rare happens within seconds: nodes forget, and write checkpoints. */
  private static final String FORGETFUL =
      """
      snapshotAge = 2s
      historyBytesMax = 4MiB
      checkpointBytes = 1MiB
      """;

  @Parameters(paramLabel = "DIR", description = "An empty directory for the nodes' disks.")
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private Path directory;

  @Option(
      names = "--commits",
      defaultValue = "20000",
      description = "How many at most in each of two rounds.")
  private int commits;

  @Override
  public Integer call()
      throws IOException, ConfigException, ExecutionException, InterruptedException {
    Deque<RunningNode> nodes = new ArrayDeque<>();
    try {
      for (Path file : LocalCluster.configure(directory, NODES)) {
        Files.writeString(file, FORGETFUL, StandardOpenOption.APPEND);
        NodeConfig config = NodeConfig.read(file);
        nodes.addLast(RunningNode.start(config, NodePresence.NEW, RunningNode.Faults.REFUSED));
      }
      work(List.copyOf(nodes));
      return ExitCode.OK.code();
    } finally {
      while (!nodes.isEmpty()) {
        nodes.removeLast().close();
      }
    }
  }

  /** Commits on all nodes and remotely at once, so that nodes lead, follow, forward and answer. */
  private void work(List<RunningNode> nodes)
      throws IOException, ExecutionException, InterruptedException {
    List<Field> columns =
        List.of(
            Field.notNullable("item", new ArrowType.Int(Long.SIZE, true)),
            Field.nullable("value", new ArrowType.Binary()));
    try (Store remote = Khonsu.connect(address(nodes))) {
      List<Store> stores = new ArrayList<>();
      nodes.forEach(node -> stores.add(node.member().store()));
      stores.add(remote);
      var _ = remote.createTable(TableSpec.rows("items", new Schema(columns)).primaryKey("item"));
      for (Store store : stores) {
        store.snapshot().close(); // linearizable: from here on the node has the table
      }
      commitAtOnce(stores);
      for (RunningNode node : nodes) {
        AdminClient admin = new AdminClient(node.admin());
        var _ = admin.status();
        var _ = admin.lead();
      }
      Thread.sleep(IDLE_MILLIS);
      commitAtOnce(stores);
    }
  }

  /** {@return where a remote client finds the nodes} */
  private static String address(List<RunningNode> nodes) {
    return nodes.stream()
        .map(node -> node.clients().orElseThrow())
        .map(clients -> clients.getAddress().getHostAddress() + ":" + clients.getPort())
        .collect(Collectors.joining(",", "khonsu://", ""));
  }

  private void commitAtOnce(List<Store> stores) throws ExecutionException, InterruptedException {
    List<Table> tables = // looked up while nobody writes
        stores.stream().map(store -> store.table("items").orElseThrow()).toList();
    long end = System.nanoTime() + NANOS_MAX;
    List<Future<?>> clients = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int number = 0; number < CLIENTS; number++) {
        Store store = stores.get(number % stores.size());
        Table items = tables.get(number % stores.size());
        long first = number;
        clients.add(threads.submit(() -> commit(store, items, first, end)));
      }
    }
    for (Future<?> client : clients) {
      client.get(); // throws what it threw
    }
  }

  private void commit(Store db, Table items, long first, long end) {
    for (long i = first; i < commits && System.nanoTime() < end; i += CLIENTS) {
      long item = i % ITEMS;
      byte[] value = new byte[i % LARGE_EVERY == 0 ? LARGE_BYTES : SMALL_BYTES];
      attempt(() ->
          db.run(tx -> {
            var _ = tx.get(items, item / 2);
            tx.upsert(items, items.row(item, value));
          }));
    }
    attempt(() -> {
      var _ = db.<Long, RuntimeException>readOnly(snapshot -> rowCount(snapshot, items));
    });
  }

  /** Tries something: on a slow machine nodes forget what it reads, or do not answer in time. */
  private static void attempt(Runnable work) {
    try {
      work.run();
    } catch (StoreException e) {
      if (e.retry() == StoreException.Retry.NEVER) {
        throw e;
      }
      LOG.atDebug().setCause(e).log("one of many was in vain");
    }
  }

  private static long rowCount(Snapshot snapshot, Table items) {
    long rows = 0;
    for (RecordBatch batch : snapshot.scan(items, Scan.all())) {
      rows += batch.rowCount();
    }
    return rows;
  }
}
