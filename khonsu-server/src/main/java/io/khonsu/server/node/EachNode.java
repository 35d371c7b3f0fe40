package io.khonsu.server.node;

import io.khonsu.Khonsu;
import io.khonsu.Store;
import io.khonsu.StoreException;
import io.khonsu.Table;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeoutException;

/**
 * The nodes of a cluster as clients see them, each by itself: what is read through the client port
 * of a node comes from its own rows.
 */
public final class EachNode {
  private static final Duration TIMEOUT = Duration.ofMinutes(3);

  private EachNode() {}

  /** Something that is looked at on a node. */
  public interface Question<T> {
    /** {@return what is there} */
    T ask(long node, Store store);
  }

  /**
   * Looks at each of some nodes that run, and that nobody else commits on: all see the same
   * commits, those included whose outcome nobody was told.
   *
   * @param nodes all members
   * @return what there is, in the order of the nodes
   * @throws IOException if a node has ended, or has no client port
   * @throws TimeoutException if they are not led, or do not answer
   */
  public static <T> List<T> ask(LocalCluster cluster, List<Long> nodes, Question<T> question)
      throws IOException, InterruptedException, TimeoutException {
    var _ = cluster.awaitLeader(nodes, TIMEOUT);
    askOne(cluster, nodes.getFirst(), (_, store) -> settled(store), new ArrayList<>());
    List<T> answers = new ArrayList<>();
    for (long node : nodes) {
      askOne(cluster, node, question, answers);
    }
    return answers;
  }

  /**
   * Reads all tables in a transaction which the log orders, as it must be validated: whatever was
   * in the log before it, and still undecided, is decided then.
   */
  private static boolean settled(Store store) {
    for (Table table : store.tables()) {
      store.run(tx -> {
        var _ = tx.scan(table);
      });
    }
    return true;
  }

  private static <T> void askOne(
      LocalCluster cluster, long node, Question<T> question, List<T> answers)
      throws IOException, InterruptedException, TimeoutException {
    try (Store store = Khonsu.connect("khonsu://" + cluster.clientAddress(node))) {
      LocalCluster.await(
          () -> answers.add(answered(node, store, question)),
          "answer of node %d to a client".formatted(node));
    }
  }

  private static <T> T answered(long node, Store store, Question<T> question) throws IOException {
    try {
      return question.ask(node, store);
    } catch (StoreException e) {
      throw new IOException("node %d does not answer: %s".formatted(node, e.getMessage()), e);
    }
  }
}
