package io.khonsu.server.torture;

import static org.assertj.core.api.Assertions.assertThat;

import io.khonsu.Khonsu;
import io.khonsu.Table;
import io.khonsu.server.history.KhonsuLists;
import io.khonsu.testkit.Level;
import io.khonsu.testkit.history.CommitReport;
import io.khonsu.testkit.history.HistoryTransaction.Outcome;
import io.khonsu.testkit.history.ListAppendStore;
import io.khonsu.testkit.history.Operation;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is said of nodes of which each was read by itself. */
class AuditTest {
  private static final List<String> SAME = List.of("1f", "1f", "1f");

  private final List<Khonsu> nodes = new ArrayList<>();
  private final List<ClientLog.Ended> ended = new ArrayList<>();

  /** Three that have the same: what a client was told of. */
  @BeforeEach
  void open() {
    for (int i = 0; i < Torture.NODES; i++) {
      nodes.add(Khonsu.inMemory());
    }
    append(7, 70);
    append(7, 71);
    append(8, 80);
  }

  @AfterEach
  void close() {
    nodes.forEach(Khonsu::close);
  }

  private void append(long key, long value) {
    long begun = System.nanoTime();
    nodes.forEach(node -> append(node, key, value));
    List<Operation> operations = List.of(new Operation.Append(key, value));
    ended.add(
        new ClientLog.Ended(
            17, Outcome.COMMITTED, begun, System.nanoTime(), operations, null, null));
  }

  private static void append(Khonsu node, long key, long value) {
    ListAppendStore.Session session = KhonsuLists.in(node).begin(Level.SERIALIZABLE);
    session.append(key, value);
    assertThat(session.commit()).isInstanceOf(CommitReport.Committed.class);
  }

  private static void lose(Khonsu node, long key) {
    Table table = node.table("lists").orElseThrow();
    node.run(tx -> tx.delete(table, key));
  }

  private TortureReport report(List<String> stateHashes) {
    List<Audit.Reading> readings = new ArrayList<>();
    for (int i = 0; i < nodes.size(); i++) {
      readings.add(Audit.Reading.of(i + 1, nodes.get(i)));
    }
    Audit audit = Audit.of(ended, readings, stateHashes);
    TorturePlan plan =
        new TorturePlan(1, Duration.ofSeconds(1), Set.of(FaultFamily.KILL), Map.of());
    return TortureReport.of(plan, List.of(), audit, List.of(), List.of(143, 143, 143));
  }

  @Test
  void nodes_thatHaveAll_hold() {
    TortureReport report = report(SAME);
    assertThat(report.lines()).contains("  lists that nodes do not agree on: none");
    assertThat(report.holds()).isTrue();
  }

  /** Whatever they say of themselves. */
  @Test
  void node_thatHasLostARow_isFound_alsoIfAllHashesAreTheSame() {
    for (int i = 0; i < nodes.size(); i++) {
      append(100 + i, 1_000 + i);
      lose(nodes.get(i), 100 + i);
      TortureReport report = report(SAME);
      assertThat(report.holds()).as("node %d", i + 1).isFalse();
      assertThat(report.audit().lost()).contains(1_000L + i).doesNotContain(70L, 71L, 80L);
      String lost = "list %d is ".formatted(100 + i);
      assertThat(report.audit().differences()).anyMatch(line -> line.startsWith(lost));
      assertThat(report.tree()).containsEntry("strictlySerializable", false);
    }
  }

  @Test
  void node_thatHasMore_isFound() {
    append(nodes.get(1), 8, 81);
    TortureReport report = report(SAME);
    assertThat(report.holds()).isFalse();
    assertThat(report.audit().lost()).isEmpty();
    assertThat(report.lines())
        .contains("  WRONG: list 8 is [80] on node 1, [80, 81] on node 2, [80] on node 3");
  }

  @Test
  void row_thatIsLostEverywhere_isFound() {
    nodes.forEach(node -> lose(node, 7));
    TortureReport report = report(SAME);
    assertThat(report.holds()).isFalse();
    assertThat(report.audit().lost()).containsExactly(70L, 71L);
    assertThat(report.audit().differences()).isEmpty();
  }
}
