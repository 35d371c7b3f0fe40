package io.khonsu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.khonsu.grpc.ClientCluster;
import io.khonsu.testkit.LeakChecking;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.UnaryOperator;
import org.apache.arrow.memory.BufferAllocator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Commits of clients that get no answer, and what became of them. */
@ExtendWith(LeakChecking.class)
@Timeout(300)
class RemoteOutcomeTest {
  /** Where a question says of which kind it is. */
  private static final int KIND_AT = 9;

  private static final int COMMIT = 6;
  private static final int OUTCOME = 7;

  /** What becomes of commits on their way. */
  private enum Way {
    OPEN,
    LOSES_QUESTIONS,
    LOSES_ANSWERS
  }

  private final List<byte[]> lost = new CopyOnWriteArrayList<>();
  private volatile Way way = Way.OPEN;
  private ClientCluster cluster;
  private Store db;
  private Store other;
  private Table table;

  @BeforeEach
  void open(BufferAllocator allocator) throws Exception {
    cluster = new ClientCluster(1, allocator);
    Items.rows(cluster.member(1).store(), "items"); // it has a leader
    cluster.guard(door -> question -> passed(door, question));
    String address = cluster.address() + "?timeoutSeconds=5";
    db = Khonsu.connect(address, StoreConfig.defaults(), allocator);
    other = Khonsu.connect(address, StoreConfig.defaults(), allocator);
    table = db.table("items").orElseThrow();
    db.run(tx -> tx.upsert(table, table.row("first", 1L))); // it has a session
  }

  @AfterEach
  void close() {
    db.close();
    other.close();
    cluster.close();
  }

  private byte[] passed(UnaryOperator<byte[]> door, byte[] question) {
    Way now = question[KIND_AT] == COMMIT || question[KIND_AT] == OUTCOME ? way : Way.OPEN;
    if (now == Way.LOSES_QUESTIONS) {
      lost.add(question);
      throw new IllegalStateException("on purpose: the question is lost");
    }
    byte[] answer = door.apply(question);
    if (now == Way.LOSES_ANSWERS) {
      throw new IllegalStateException("on purpose: the answer is lost");
    }
    return answer;
  }

  private long unknown(String id) {
    var unknown =
        catchThrowableOfType(
            CommitOutcomeUnknownException.class,
            () -> db.run(tx -> tx.upsert(table, table.row(id, 1L))));
    assertThat(unknown).isNotNull();
    assertThat(unknown.retry()).isEqualTo(StoreException.Retry.AFTER_LOOKUP);
    return unknown.commitId().orElseThrow();
  }

  private boolean isThere(String id) {
    return other.readOnly(snapshot -> snapshot.contains(table(other), id));
  }

  private static Table table(Store store) {
    return store.table("items").orElseThrow();
  }

  private void assertOutcome(long commitId, CommitStatus expected) {
    assertThat(db.outcome(commitId)).isEqualTo(expected);
    assertThat(other.outcome(commitId)).isEqualTo(expected);
    assertThat(cluster.member(1).store().outcome(commitId)).isEqualTo(expected);
  }

  @Test
  void commitThatWasLostOnItsWay_isNotCommitted_andNotAppliedIfItComesAfterAll() {
    way = Way.LOSES_QUESTIONS;
    long commitId = unknown("a");
    assertThat(db.outcome(commitId)).isInstanceOf(CommitStatus.Unavailable.class);
    way = Way.OPEN;
    assertOutcome(commitId, new CommitStatus.NotCommitted());
    ClientDoor door = cluster.member(1).clientDoor();
    byte[] late =
        lost.stream().filter(question -> question[KIND_AT] == COMMIT).findFirst().orElseThrow();
    assertThat(RemoteAnswer.decode(door.answer(late)).answer())
        .isEqualTo(new RemoteAnswer.NeverApplied());
    assertThat(isThere("a")).isFalse();
    assertOutcome(commitId, new CommitStatus.NotCommitted());
    db.run(tx -> tx.upsert(table, table.row("b", 1L))); // the session goes on
    assertThat(isThere("b")).isTrue();
  }

  @Test
  void commitWhoseAnswersAreLost_isCommitted_once() {
    way = Way.LOSES_ANSWERS;
    long commitId = unknown("a");
    way = Way.OPEN;
    CommitStatus status = other.outcome(commitId);
    assertThat(status).isInstanceOf(CommitStatus.Committed.class);
    assertOutcome(commitId, status);
    long version = ((CommitStatus.Committed) status).version();
    try (Snapshot before = db.snapshotAt(version - 1);
        Snapshot at = db.snapshotAt(version)) {
      assertThat(before.contains(table, "a")).isFalse();
      assertThat(at.contains(table, "a")).isTrue();
    }
  }

  @Test
  void commitOfASessionThatIsNotThere_isForgotten() {
    for (long commitId : new long[] {0, 1, -1, Long.MAX_VALUE, Long.MIN_VALUE, 5_000L << 32 | 1}) {
      assertOutcome(commitId, new CommitStatus.Forgotten());
    }
  }
}
