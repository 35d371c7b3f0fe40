package io.khonsu.server.torture;

import io.khonsu.Khonsu;
import io.khonsu.NodePresence;
import io.khonsu.StoreException;
import io.khonsu.distributed.NodeStatus;
import io.khonsu.server.history.KhonsuLists;
import io.khonsu.server.node.ConfigException;
import io.khonsu.server.node.LocalCluster;
import io.khonsu.server.node.NodeConfig;
import io.khonsu.server.node.RunningNode;
import io.khonsu.testkit.Level;
import io.khonsu.testkit.history.CommitReport;
import io.khonsu.testkit.history.History;
import io.khonsu.testkit.history.HistoryTransaction;
import io.khonsu.testkit.history.HistoryTransaction.Outcome;
import io.khonsu.testkit.history.ListAppendStore;
import io.khonsu.testkit.history.Operation;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeoutException;
import java.util.stream.LongStream;

/**
 * What is there when all is over, as a node sees it that runs in this process.
 *
 * @param history what all clients saw, and then this one, which reads every list
 * @param lost what was acknowledged and is in no list
 * @param stateHashes of all nodes, at one index
 */
record Audit(History history, List<Long> lost, List<String> stateHashes) {
  private static final int READS_PER_TRANSACTION = 6;

  /**
   * Starts the nodes of a cluster, without clients, and reads all.
   *
   * @param cluster stopped
   * @param ended what its clients did
   */
  static Audit of(LocalCluster cluster, List<ClientLog.Ended> ended)
      throws IOException, InterruptedException, TimeoutException {
    cluster.setOptions(List.of());
    List<Long> others = LongStream.rangeClosed(2, cluster.size()).boxed().toList();
    for (long node : others) {
      cluster.restart(node);
    }
    try (RunningNode here =
        RunningNode.start(
            NodeConfig.read(cluster.configuration(1)),
            NodePresence.EXISTING,
            RunningNode.Faults.REFUSED)) {
      LocalCluster.await(() -> isLed(here.member().status()), "a leader for the audit");
      Khonsu store = here.member().store();
      // Brings what is not applied here yet.
      LocalCluster.await(() -> answered(() -> store.readOnly(_ -> true)), "reading for the audit");
      List<ClientLog.Ended> all = new ArrayList<>(ended);
      Set<Long> found = read(KhonsuLists.in(store), all);
      List<String> hashes = new ArrayList<>();
      LocalCluster.await(
          () -> hashes.addAll(cluster.stateHashes(here.member().status(), others)),
          "all nodes at the same index");
      return new Audit(history(all), lost(ended, found), hashes);
    } catch (ConfigException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  private static boolean isLed(NodeStatus status) {
    return status.leader() != 0 && status.isLed();
  }

  /** Something that a node is asked. */
  private interface Question<T> {
    T ask() throws IOException;
  }

  /** A node may be without a leader for a moment: {@return what it answers, or throws} */
  private static <T> T answered(Question<T> question) throws IOException {
    try {
      return question.ask();
    } catch (StoreException e) {
      throw new IOException("the node does not answer: " + e.getMessage(), e);
    }
  }

  /** Reads all lists that were ever used, and notes it; {@return what is in them} */
  private static Set<Long> read(ListAppendStore lists, List<ClientLog.Ended> all)
      throws InterruptedException, TimeoutException {
    List<Long> keys =
        all.stream()
            .flatMap(each -> each.operations().stream().map(Operation::key))
            .distinct()
            .sorted()
            .toList();
    Set<Long> found = new HashSet<>();
    for (int from = 0; from < keys.size(); from += READS_PER_TRANSACTION) {
      List<Long> some = keys.subList(from, Math.min(keys.size(), from + READS_PER_TRANSACTION));
      LocalCluster.await(
          () -> {
            ClientLog.Ended reading = answered(() -> reading(lists, some));
            for (Operation operation : reading.operations()) {
              if (operation instanceof Operation.ReadList(long _, List<Long> values)) {
                found.addAll(values);
              }
            }
            return all.add(reading);
          },
          "reading for the audit");
    }
    return found;
  }

  private static ClientLog.Ended reading(ListAppendStore lists, List<Long> keys)
      throws IOException {
    long begun = System.nanoTime();
    ListAppendStore.Session session = lists.begin(Level.SERIALIZABLE);
    List<Operation> reads = new ArrayList<>();
    for (long key : keys) {
      reads.add(new Operation.ReadList(key, session.read(key)));
    }
    CommitReport report = session.commit();
    if (report instanceof CommitReport.Committed(Long version)) {
      long now = System.nanoTime();
      return new ClientLog.Ended(0, Outcome.COMMITTED, begun, now, reads, version, null);
    }
    throw new IOException("the reading did not commit: " + report);
  }

  private static List<Long> lost(List<ClientLog.Ended> ended, Set<Long> found) {
    List<Long> lost = new ArrayList<>();
    for (ClientLog.Ended each : ended) {
      for (Operation operation : each.operations()) {
        if (each.outcome() == Outcome.COMMITTED
            && operation instanceof Operation.Append(long _, long value)
            && !found.contains(value)) {
          lost.add(value);
        }
      }
    }
    return lost;
  }

  /** {@return a history in which a client goes on as another process after an unknown outcome} */
  private static History history(List<ClientLog.Ended> all) {
    Map<Long, Integer> processes = new HashMap<>();
    List<HistoryTransaction> transactions = new ArrayList<>();
    int next = 0;
    List<ClientLog.Ended> inOrder = new ArrayList<>(all);
    inOrder.sort(Comparator.comparingLong(ClientLog.Ended::invokedNanos));
    for (ClientLog.Ended each : inOrder) {
      Integer process = processes.get(each.client());
      if (process == null) {
        process = next++;
        processes.put(each.client(), process);
      }
      transactions.add(each.inHistory(process));
      if (each.outcome() == Outcome.UNKNOWN) {
        processes.remove(each.client());
      }
    }
    return History.of(transactions);
  }
}
