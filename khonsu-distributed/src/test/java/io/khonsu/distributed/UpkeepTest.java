package io.khonsu.distributed;

import static org.assertj.core.api.Assertions.assertThat;

import io.khonsu.Khonsu;
import io.khonsu.NodePresence;
import io.khonsu.ReplicatedStore;
import io.khonsu.StoreConfig;
import io.khonsu.Table;
import io.khonsu.TableSpec;
import io.khonsu.Transaction;
import io.khonsu.distributed.DistributedCommitManager.Surroundings;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a leader lets be forgotten, whatever its clock says, on one thread that gives all time. */
class UpkeepTest {
  private static final TableSpec VALUES =
      TableSpec.rows(
              "values",
              new Schema(List.of(Field.notNullable("id", new ArrowType.Int(Long.SIZE, true)))))
          .primaryKey("id");

  private static final Duration TURN = Duration.ofMillis(10);
  private static final long HISTORY_BYTES = 12_000;
  private static final long START_MILLIS = 1_700_000_000_000L;

  private long nanos;
  private long aheadMillis;
  private long lastNumber;
  private DistributedCommitManager node;

  @BeforeEach
  void start() throws Exception {
    ClusterConfig config = withHistoryBytes(Nodes.config(5, 1, 1));
    Surroundings around =
        new Surroundings(
            StoreConfig.defaults(),
            Nodes.inMemory().open(config, NodePresence.NEW),
            new LocalNetwork().of(1),
            null,
            InstantSource.system(),
            Set.of());
    node = DistributedCommitManager.open(config, NodePresence.NEW, around);
    node.start(nanos, epochMillis());
    while (node.status().leader() == 0) {
      turn();
    }
    List<Outcome> opened = new ArrayList<>();
    assertThat(node.openSession(reply -> opened.add(((ClientReply.Done) reply).outcome())))
        .isTrue();
    turnUntilThereIs(opened);
    assertThat(opened).containsExactly(new Outcome.SessionOpened(1));
    var _ = commit(node.replicatedStore().request(VALUES));
  }

  private static ClusterConfig withHistoryBytes(ClusterConfig config) {
    ClusterConfig.Limits usual = ClusterConfig.Limits.defaults();
    return config.with(
        new ClusterConfig.Limits(
            usual.batchBytesMax(),
            usual.batchCountMax(),
            usual.batchesMax(),
            usual.pendingBytesMax(),
            usual.checkpointBytes(),
            usual.inboxBytesMax(),
            HISTORY_BYTES));
  }

  @AfterEach
  void close() {
    node.close();
  }

  private long epochMillis() {
    return START_MILLIS + Duration.ofNanos(nanos).toMillis() + aheadMillis;
  }

  private void turn() throws Exception {
    nanos += TURN.toNanos();
    while (node.cycle(nanos, epochMillis())) {}
  }

  private void turn(Duration duration) throws Exception {
    long end = nanos + duration.toNanos();
    while (nanos < end) {
      turn();
    }
  }

  private void turnUntilThereIs(List<Outcome> outcomes) throws Exception {
    while (outcomes.isEmpty()) {
      turn();
    }
  }

  private Outcome outcome(byte[] request) throws Exception {
    lastNumber++;
    Submission commit = new Submission.Commit(CommitIds.of(1, lastNumber), lastNumber, request);
    List<Outcome> outcomes = new ArrayList<>();
    assertThat(node.submit(commit, reply -> outcomes.add(((ClientReply.Done) reply).outcome())))
        .isTrue();
    turnUntilThereIs(outcomes);
    return outcomes.getFirst();
  }

  /** {@return the version at which a request was committed} */
  private long commit(byte[] request) throws Exception {
    assertThat(outcome(request)).isInstanceOf(Outcome.Decided.class);
    assertThat(node.replicatedStore().newestVersion()).isPositive();
    return node.replicatedStore().newestVersion();
  }

  private Transaction inserting(long id) {
    Table table = node.store().table("values").orElseThrow();
    Transaction transaction = node.store().begin();
    assertThat(transaction.get(table, 0L)).isEmpty();
    transaction.insert(table, table.row(id));
    return transaction;
  }

  private long insert(long id) throws Exception {
    long before = node.replicatedStore().newestVersion();
    long version = commit(node.replicatedStore().request(inserting(id)));
    assertThat(version).isGreaterThan(before);
    return version;
  }

  private Instant realTime() {
    return Instant.ofEpochMilli(START_MILLIS + Duration.ofNanos(nanos).toMillis());
  }

  @Test
  void clockSetForward_endsNoTransactionAndNoSession() throws Exception {
    Transaction open = inserting(1);
    aheadMillis = Duration.ofHours(5).toMillis();
    long far = insert(2);
    assertThat(Khonsu.instantOf(far)).isAfterOrEqualTo(realTime().plus(Duration.ofHours(4)));
    turn(Duration.ofSeconds(5)); // upkeep comes more often
    byte[] answer = ((Outcome.Decided) outcome(node.replicatedStore().request(open))).answer();
    assertThat(ReplicatedStore.committedVersion(answer)).isNotNull().isGreaterThan(far);
    assertThat(node.status().sessions()).isEqualTo(1);
  }

  @Test
  void clockSetBack_versionsGoOn_andHistoryGrowsOld() throws Exception {
    aheadMillis = Duration.ofHours(5).toMillis();
    long far = insert(1);
    aheadMillis = -Duration.ofHours(5).toMillis();
    long next = insert(2);
    assertThat(next).isGreaterThan(far);
    assertThat(Khonsu.instantOf(next)).isEqualTo(Khonsu.instantOf(far));
    turn(Duration.ofSeconds(40)); // a snapshot may be 30 s old
    assertThat(insert(3)).isGreaterThan(next);
    assertThat(node.replicatedStore().watermark()).isGreaterThanOrEqualTo(next);
  }

  @Test
  void session_thatDoesNothingForLong_ends_whateverTheClockSays() throws Exception {
    aheadMillis = -Duration.ofHours(5).toMillis();
    turn(Duration.ofMinutes(9));
    assertThat(node.status().sessions()).isEqualTo(1);
    turn(Duration.ofMinutes(2));
    assertThat(node.status().sessions()).isZero();
  }

  /** What is kept for who has read long ago is bounded: else memory would not be. */
  @Test
  void moreIsWrittenThanIsKept_whoReadBefore_isTooOld() throws Exception {
    Transaction old = inserting(1);
    long first = insert(2);
    for (int id = 3; id < 100; id++) {
      var _ = insert(id);
    }
    Transaction recent = inserting(100);
    var _ = insert(101);
    turn(Duration.ofSeconds(2)); // upkeep comes in between, long before snapshotAge
    assertThat(node.replicatedStore().watermark()).isGreaterThan(first);
    byte[] refused = ((Outcome.Decided) outcome(node.replicatedStore().request(old))).answer();
    assertThat(ReplicatedStore.committedVersion(refused)).isNull();
    byte[] taken = ((Outcome.Decided) outcome(node.replicatedStore().request(recent))).answer();
    assertThat(ReplicatedStore.committedVersion(taken)).isNotNull();
  }

  @Test
  void littleIsWritten_nothingIsForgotten() throws Exception {
    Transaction old = inserting(1);
    for (int id = 2; id < 20; id++) {
      var _ = insert(id);
    }
    turn(Duration.ofSeconds(2));
    byte[] taken = ((Outcome.Decided) outcome(node.replicatedStore().request(old))).answer();
    assertThat(ReplicatedStore.committedVersion(taken)).isNotNull();
  }
}
