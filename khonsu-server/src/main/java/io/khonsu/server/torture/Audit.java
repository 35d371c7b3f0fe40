package io.khonsu.server.torture;

import io.khonsu.Store;
import io.khonsu.server.history.KhonsuLists;
import io.khonsu.server.node.EachNode;
import io.khonsu.server.node.LocalCluster;
import io.khonsu.testkit.history.History;
import io.khonsu.testkit.history.HistoryTransaction;
import io.khonsu.testkit.history.HistoryTransaction.Outcome;
import io.khonsu.testkit.history.Operation;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeoutException;

/**
 * What is there when all is over, on each node by its own rows.
 *
 * @param history what all clients saw, and then one that reads every list on every node
 * @param lost what was acknowledged, and is missing on a node
 * @param differences lists that are not the same on all nodes, in words
 * @param stateHashes of all nodes, at one index
 */
record Audit(History history, List<Long> lost, List<String> differences, List<String> stateHashes) {
  /**
   * All lists of a node.
   *
   * @param lists those that are not empty, by their numbers
   */
  record Reading(long node, long begunNanos, long endedNanos, Map<Long, List<Long>> lists) {
    /** Reads them, at a linearizable point. */
    static Reading of(long node, Store store) {
      long begun = System.nanoTime();
      Map<Long, List<Long>> lists = KhonsuLists.all(store);
      return new Reading(node, begun, System.nanoTime(), lists);
    }

    private List<Long> list(long key) {
      return lists.getOrDefault(key, List.of());
    }

    private ClientLog.Ended ofAll(Set<Long> keys) {
      List<Operation> reads = new ArrayList<>();
      keys.forEach(key -> reads.add(new Operation.ReadList(key, list(key))));
      return new ClientLog.Ended(0, Outcome.COMMITTED, begunNanos, endedNanos, reads, null, null);
    }
  }

  /**
   * Starts the nodes of a cluster, without clients, and reads all on each.
   *
   * @param cluster stopped
   * @param ended what its clients did
   */
  static Audit of(LocalCluster cluster, List<ClientLog.Ended> ended)
      throws IOException, InterruptedException, TimeoutException {
    cluster.setOptions(List.of());
    for (long node : Torture.ALL) {
      cluster.restart(node);
    }
    List<Reading> readings = EachNode.ask(cluster, Torture.ALL, Reading::of);
    return of(ended, readings, cluster.stateHashes(Torture.ALL));
  }

  /** {@return what readings say, one after another, of what clients did before} */
  static Audit of(List<ClientLog.Ended> ended, List<Reading> readings, List<String> stateHashes) {
    Set<Long> keys = new TreeSet<>();
    ended.forEach(each -> each.operations().forEach(operation -> keys.add(operation.key())));
    readings.forEach(reading -> keys.addAll(reading.lists.keySet()));
    List<ClientLog.Ended> all = new ArrayList<>(ended);
    readings.forEach(reading -> all.add(reading.ofAll(keys)));
    return new Audit(history(all), lost(ended, readings), differences(keys, readings), stateHashes);
  }

  private static List<Long> lost(List<ClientLog.Ended> ended, List<Reading> readings) {
    Set<Long> everywhere = new HashSet<>(appended(ended));
    for (Reading reading : readings) {
      Set<Long> found = new HashSet<>();
      reading.lists.values().forEach(found::addAll);
      everywhere.retainAll(found);
    }
    return appended(ended).stream().filter(value -> !everywhere.contains(value)).toList();
  }

  /** {@return what was acknowledged} */
  private static List<Long> appended(List<ClientLog.Ended> ended) {
    List<Long> values = new ArrayList<>();
    for (ClientLog.Ended each : ended) {
      for (Operation operation : each.operations()) {
        if (each.outcome() == Outcome.COMMITTED
            && operation instanceof Operation.Append(long _, long value)) {
          values.add(value);
        }
      }
    }
    return values;
  }

  private static List<String> differences(Set<Long> keys, List<Reading> readings) {
    List<String> differences = new ArrayList<>();
    for (long key : keys) {
      if (readings.stream().map(reading -> reading.list(key)).distinct().count() > 1) {
        List<String> each =
            readings.stream()
                .map(reading -> "%s on node %d".formatted(reading.list(key), reading.node))
                .toList();
        differences.add("list %d is %s".formatted(key, String.join(", ", each)));
      }
    }
    return differences;
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
