package io.khonsu.distributed;

import static org.assertj.core.api.Assertions.assertThat;

import io.khonsu.ReplicatedStore;
import io.khonsu.StoreConfig;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What becomes at the leader of commits that there is no memory for. */
class BatchingTest extends SteppedNodes {
  private static final String LARGE = "x".repeat(300 << 10);

  private Node leader;
  private Batching batching;
  private long version = 1_000_020;

  @BeforeEach
  void begin() throws IOException {
    StoreConfig store =
        StoreConfig.builder().compactionRowsPerSecond(0).memoryLimitBytes(24 << 20).build();
    leader = node(disk(), Nodes.config(5, 1, 1, 2), store);
    begin(List.of(leader));
    batching = new Batching(leader.config, leader.state, leader.store);
  }

  private Submission.Commit commit(long id) {
    return (Submission.Commit) submission(++version, leader.update(id, id + 1, LARGE));
  }

  private void fill() throws IOException {
    long id = 0;
    byte[] request = leader.update(id, id + 1, LARGE);
    while (leader.store.memoryShortage(request, 0) == null) {
      leader.commit(++version, request);
      id++;
      request = leader.update(id, id + 1, LARGE);
    }
  }

  private List<Outcome> applyNext() throws IOException {
    LogEntry.Batch next = Objects.requireNonNull(batching.next(0));
    List<Outcome> outcomes = leader.apply(next);
    batching.applied(leader.state.clock());
    return outcomes;
  }

  @Test
  void commitOfAnotherNode_isGivenUp_andNoCopyOfItIsApplied() throws Exception {
    fill();
    Submission.Commit commit = commit(-1);
    Batching.Offered offered = batching.offer(List.of(commit, commit), /* areOthers= */ true);
    assertThat(offered.taken()).isEmpty();
    assertThat(offered.withoutMemory()).containsExactly(commit, commit);
    assertThat(batching.waitingBytes()).isPositive();
    assertThat(applyNext()).containsExactly(new Outcome.NeverApplied(), new Outcome.NeverApplied());
    long before = leader.store.newestVersion();
    LogEntry late = new LogEntry.Batch(1, leader.state.clock() + 1, List.of(commit));
    assertThat(leader.apply(late)).containsExactly(new Outcome.NeverApplied());
    assertThat(leader.store.newestVersion()).isEqualTo(before);
    assertThat(batching.next(0)).isNull();
    assertThat(batching.waitingBytes()).isZero();
  }

  /** One that came into the log before is not refused: whoever has sent it twice hears of it. */
  @Test
  void commitThatIsInTheLog_hasItsOutcome_whenItsCopyIsGivenUp() throws Exception {
    Submission.Commit commit = commit(-1);
    assertThat(batching.offer(List.of(commit), /* areOthers= */ true).taken()).hasSize(1);
    LogEntry.Batch first = Objects.requireNonNull(batching.next(0));
    fill();
    LogEntry.Batch moved = new LogEntry.Batch(1, ++version, first.submissions());
    List<Outcome> applied = new ArrayList<>();
    assertThat(batching.offer(List.of(commit), /* areOthers= */ true).taken()).isEmpty();
    applied.addAll(leader.apply(moved));
    applied.addAll(applyNext());
    assertThat(applied).hasSize(2).hasOnlyElementsOfType(Outcome.Decided.class);
    for (Outcome outcome : applied) {
      byte[] answer = ((Outcome.Decided) outcome).answer();
      assertThat(ReplicatedStore.committedVersion(answer)).isEqualTo(leader.store.newestVersion());
    }
  }

  /** Memory that is only promised may be there in a moment. */
  @Test
  void commitOfAnotherNode_waits_whileOthersUnderWayNeedTheMemory() {
    List<Submission> many = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      many.add(commit(i));
    }
    Batching.Offered offered = batching.offer(many, /* areOthers= */ true);
    assertThat(offered.taken()).isNotEmpty();
    assertThat(offered.withoutMemory()).isNotEmpty();
    assertThat(batching.count()).isEqualTo(offered.taken().size());
  }

  @Test
  void commitOfThisNode_isOnlyPostponed() throws Exception {
    fill();
    Submission.Commit commit = commit(-1);
    Batching.Offered offered = batching.offer(List.of(commit), /* areOthers= */ false);
    assertThat(offered.withoutMemory()).containsExactly(commit);
    assertThat(batching.next(0)).isNull();
  }
}
