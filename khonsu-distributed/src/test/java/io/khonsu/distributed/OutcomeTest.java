package io.khonsu.distributed;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.khonsu.CommitOutcomeUnknownException;
import io.khonsu.CommitStatus;
import io.khonsu.Khonsu;
import io.khonsu.NodePresence;
import io.khonsu.Snapshot;
import io.khonsu.Table;
import io.khonsu.TableSpec;
import java.time.Duration;
import java.util.List;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Commits of a node that is cut off, and what the others say became of them. */
@Timeout(300)
class OutcomeTest {
  private static final TableSpec NAMES =
      TableSpec.rows(
              "names", new Schema(List.of(Field.notNullable("name", ArrowType.Utf8.INSTANCE))))
          .primaryKey("name");

  /** The one that is cut off. */
  private static final long LONELY = 3;

  /** In one of as many attempts at least, nobody else comes to lead meanwhile. */
  private static final int ATTEMPTS_MAX = 20;

  private Nodes nodes;

  @BeforeEach
  void start() throws Exception {
    nodes = new Nodes(3);
    nodes.member(1).store().createTable(NAMES);
    nodes.stop(LONELY); // it comes back as one that soon gives up, and leads nobody
    ClusterConfig usual = nodes.config(LONELY);
    ClusterConfig.Times times = usual.times();
    nodes.start(
        usual.with(
            new ClusterConfig.Times(
                times.tick(),
                Duration.ofSeconds(3),
                times.resend(),
                times.upkeep(),
                times.snapshotAge(),
                times.sessionAge())),
        NodePresence.EXISTING,
        nodes.network().of(LONELY));
    commit("first");
  }

  @AfterEach
  void stop() {
    nodes.close();
  }

  /** Commits a row on the node that may be cut off, which thereby has a session. */
  private void commit(String name) {
    Khonsu store = nodes.member(LONELY).store();
    store.readOnly(_ -> true); // it knows of the table
    Table table = store.table("names").orElseThrow();
    store.run(tx -> tx.upsert(table, table.row(name)));
  }

  private long unknown(String name) {
    Khonsu store = nodes.member(LONELY).store();
    Table table = store.table("names").orElseThrow();
    var unknown =
        catchThrowableOfType(
            CommitOutcomeUnknownException.class,
            () -> store.run(tx -> tx.upsert(table, table.row(name))));
    assertThat(unknown).isNotNull();
    long commitId = unknown.commitId().orElseThrow();
    assertThat(unknown).hasMessageContaining("outcome(%d)".formatted(commitId));
    return commitId;
  }

  private boolean isThere(long node, String name) {
    Khonsu store = nodes.member(node).store();
    try (Snapshot snapshot = store.snapshot()) {
      return snapshot.contains(store.table("names").orElseThrow(), name);
    }
  }

  private CommitStatus outcome(long node, long commitId) {
    return nodes.member(node).store().outcome(commitId);
  }

  @Test
  void commitThatNobodyHeardOf_isNotCommitted_andNeverWillBe() {
    nodes.network().cutOff(LONELY);
    long commitId = unknown("unheard");
    assertThat(outcome(LONELY, commitId)).isInstanceOf(CommitStatus.Unavailable.class);
    assertThat(outcome(1, commitId)).isEqualTo(new CommitStatus.NotCommitted());
    nodes.network().join(LONELY);
    for (long node = 1; node <= 3; node++) {
      assertThat(outcome(node, commitId)).isEqualTo(new CommitStatus.NotCommitted());
    }
    commit("later");
    for (long node = 1; node <= 3; node++) {
      assertThat(isThere(node, "later")).isTrue();
      assertThat(isThere(node, "unheard")).isFalse();
    }
    // Who committed it was told, and has gone on.
    assertThat(outcome(1, commitId)).isEqualTo(new CommitStatus.Forgotten());
  }

  @Test
  void commitWhoseAnswerIsLost_isCommitted_atItsVersion() {
    for (int attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      String name = "unanswered-" + attempt;
      nodes.network().cutOffAfter(LONELY, name.getBytes(US_ASCII));
      long commitId = unknown(name);
      CommitStatus status = outcome(1, commitId);
      nodes.network().join(LONELY);
      for (long node = 1; node <= 3; node++) {
        assertThat(outcome(node, commitId)).isEqualTo(status);
        assertThat(isThere(node, name)).isEqualTo(status instanceof CommitStatus.Committed);
      }
      if (status instanceof CommitStatus.Committed(long version)) {
        assertThat(isThereAt(version, name)).isTrue();
        assertThat(isThereAt(version - 1, name)).isFalse();
        return;
      }
    }
    throw new AssertionError("no commit arrived");
  }

  private boolean isThereAt(long version, String name) {
    Khonsu store = nodes.member(1).store();
    try (Snapshot snapshot = store.snapshotAt(version)) {
      return snapshot.contains(store.table("names").orElseThrow(), name);
    }
  }
}
