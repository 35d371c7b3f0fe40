package io.khonsu.server.torture;

import io.khonsu.server.node.LocalCluster;
import io.khonsu.testkit.history.HistoryTransaction.Outcome;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What the clients of all nodes have noted. Not thread-safe. */
final class ClientLogs {
  private final Map<Long, ClientLog> logs = new TreeMap<>();

  ClientLogs(LocalCluster cluster) {
    Torture.ALL.forEach(node -> logs.put(node, new ClientLog(ListClients.log(cluster.disk(node)))));
  }

  /** Reads what has been noted since. */
  void read() throws IOException {
    for (ClientLog log : logs.values()) {
      log.read();
    }
  }

  /** {@return all transactions} */
  List<ClientLog.Ended> all(long nowNanos) {
    List<ClientLog.Ended> all = new ArrayList<>();
    logs.values().forEach(log -> all.addAll(log.all(nowNanos)));
    return all;
  }

  /** {@return whether a commit has returned on every node that was begun after a moment} */
  boolean haveAllCommitted(long sinceNanos) {
    return logs.values().stream()
        .allMatch(log ->
            log.ended().reversed().stream()
                .takeWhile(each -> each.completedNanos() > sinceNanos)
                .anyMatch(each -> isCommit(each) && each.invokedNanos() > sinceNanos));
  }

  private static boolean isCommit(ClientLog.Ended each) {
    return each.outcome() == Outcome.COMMITTED;
  }

  /** {@return the longest time since a moment in which no commit returned on any of some nodes} */
  Duration longestPause(long sinceNanos, List<Long> nodes) {
    long[] commits =
        logs.entrySet().stream()
            .filter(entry -> nodes.contains(entry.getKey()))
            .flatMap(entry -> entry.getValue().ended().stream())
            .filter(ClientLogs::isCommit)
            .mapToLong(ClientLog.Ended::completedNanos)
            .filter(nanos -> nanos > sinceNanos)
            .sorted()
            .toArray();
    long longest = 0;
    long former = sinceNanos;
    for (long nanos : commits) {
      longest = Math.max(longest, nanos - former);
      former = nanos;
    }
    return Duration.ofNanos(longest);
  }

  /** {@return the longest such time on a single one of some nodes} */
  Duration slowest(long sinceNanos, List<Long> nodes) {
    return nodes.stream()
        .map(node -> longestPause(sinceNanos, List.of(node)))
        .max(Duration::compareTo)
        .orElse(Duration.ZERO);
  }
}
