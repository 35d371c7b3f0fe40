package io.khonsu.server.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.khonsu.Khonsu;
import io.khonsu.server.demo.Transfers.Acknowledgement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is said of nodes of which each was audited by itself. */
class ClusterReportTest {
  private static final int NODES = 3;
  private static final int TRANSFERS = 5;
  private static final List<String> SAME = List.of("1f", "1f", "1f");

  private final List<Khonsu> nodes = new ArrayList<>();
  private final List<Acknowledgement> acknowledged = new ArrayList<>();

  @BeforeEach
  void open() {
    for (int i = 0; i < NODES; i++) {
      nodes.add(Khonsu.inMemory());
    }
    for (int number = 1; number <= TRANSFERS; number++) {
      for (Khonsu node : nodes) {
        var _ = Transfers.in(node).commitNext(node, 1);
      }
      acknowledged.add(new Acknowledgement(1, number, number));
    }
  }

  @AfterEach
  void close() {
    nodes.forEach(Khonsu::close);
  }

  private ClusterReport report() {
    Map<Long, CrashAudit> audits = new TreeMap<>();
    for (int i = 0; i < NODES; i++) {
      audits.put(
          i + 1L,
          CrashAudit.of(nodes.get(i), CrashAudit.EMPTY, acknowledged, CrashAudit.Untold.ANY));
    }
    return ClusterReport.of(List.of(), acknowledged.size(), audits, SAME);
  }

  @Test
  void nodes_thatHaveAll_hold() {
    ClusterReport report = report();
    assertThat(report.faults()).isEmpty();
    assertThat(report.found()).isEqualTo(TRANSFERS);
    assertThat(report.holds()).isTrue();
  }

  @Test
  void node_thatHasLostARow_isFound_alsoIfAllHashesAreTheSame() {
    Khonsu third = nodes.get(2);
    Transfers tables = Transfers.in(third);
    third.run(tx -> tx.delete(tables.legs(), Transfers.Transfer.of(1, 2).id() << 1));
    ClusterReport report = report();
    assertThat(report.lost()).isZero();
    assertThat(report.faults()).singleElement().asString().startsWith("node 3: ");
    assertThat(report.holds()).isFalse();
  }

  @Test
  void node_thatLacksATransfer_isFound() {
    nodes.remove(1).close();
    Khonsu fresh = Khonsu.inMemory();
    nodes.add(1, fresh);
    var _ = Transfers.in(fresh).commitNext(fresh, 1);
    ClusterReport report = report();
    assertThat(report.lost()).isEqualTo(TRANSFERS - 1);
    assertThat(report.found()).isEqualTo(1);
    assertThat(report.faults()).anyMatch(line -> line.contains("the same transfers"));
    assertThat(report.holds()).isFalse();
  }
}
