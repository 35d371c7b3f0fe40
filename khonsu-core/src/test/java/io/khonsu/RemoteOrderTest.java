package io.khonsu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.spi.ClientNetwork;
import io.khonsu.spi.CommitOrder.Reply;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a client knows of a commit whose questions get lost. */
@Timeout(120)
class RemoteOrderTest {
  private static final RemoteAnswer DONE = new RemoteAnswer.Decided(new byte[] {1}, true);

  /** The next answers to commits; after the last, all are done. */
  private final Deque<Answering> next = new ArrayDeque<>();

  private final List<RemoteQuestion.Commit> commits = new ArrayList<>();

  /** Of the nodes 0 and 1; null if it does not matter. */
  private @Nullable Integer leader;

  private int lastAsked;
  private long sessions;
  private final RemoteOrder order =
      new RemoteOrder(new RemoteLink(new Nodes(), 2, Duration.ofMinutes(10)));

  /** What becomes of a question. */
  private interface Answering {
    RemoteAnswer answer() throws IOException;
  }

  /** Nodes of one cluster. */
  private final class Nodes implements ClientNetwork.Nodes {
    @Override
    public byte[] ask(int node, byte[] question, Duration timeout) throws IOException {
      lastAsked = node;
      RemoteAnswer answer =
          switch (RemoteQuestion.decode(question).question()) {
            case RemoteQuestion.OpenSession() -> new RemoteAnswer.Opened(++sessions);
            case RemoteQuestion.Commit commit -> {
              commits.add(commit);
              yield next.isEmpty() ? done(node) : next.removeFirst().answer();
            }
            case RemoteQuestion other -> throw new AssertionError(other);
          };
      return answer.encode(5);
    }

    @Override
    public void close() {
      // nothing is open
    }
  }

  private RemoteAnswer done(int node) {
    return new RemoteAnswer.Decided(new byte[] {1}, leader == null || leader == node);
  }

  private static RemoteAnswer lost() throws IOException {
    throw new IOException("on purpose: lost");
  }

  private static RemoteAnswer notAsked() throws IOException {
    throw new ClientNetwork.NotAskedException("on purpose: down", null);
  }

  private Reply submit() {
    return order.submit(new byte[] {7}).toCompletableFuture().join();
  }

  @Test
  void lostAnswer_isAskedForAgain_underTheSameNumber() {
    next.add(RemoteOrderTest::lost);
    assertThat(submit()).isInstanceOf(Reply.Decided.class);
    assertThat(commits).extracting(RemoteQuestion.Commit::number).containsExactly(1L, 1L);
  }

  @Test
  void sessionThatHasEnded_isReplaced_unlessSomethingMayHaveHappenedInIt() {
    next.add(RemoteOrderTest::notAsked);
    next.add(RemoteAnswer.NoSession::new);
    assertThat(submit()).isInstanceOf(Reply.Decided.class);
    assertThat(sessions).isEqualTo(2);

    next.add(RemoteOrderTest::lost);
    next.add(RemoteAnswer.NoSession::new);
    assertThat(submit()).isInstanceOf(Reply.Unknown.class);
  }

  @Test
  void refusal_afterALostAnswer_tellsNothing() {
    next.add(() -> new RemoteAnswer.Refused("no"));
    assertThatThrownBy(this::submit).isInstanceOf(IllegalArgumentException.class);

    next.add(RemoteOrderTest::lost);
    next.add(() -> new RemoteAnswer.Refused("no"));
    assertThat(submit()).isInstanceOf(Reply.Decided.class);

    next.add(RemoteOrderTest::lost);
    next.add(() -> new RemoteAnswer.TooLarge(2, 1));
    assertThat(submit()).isInstanceOf(Reply.Unknown.class);
  }

  @Test
  void threadThatIsInterruptedBefore_asksNobody() {
    assertThat(submit()).isInstanceOf(Reply.Decided.class);
    Thread.currentThread().interrupt();
    assertThat(submit()).isInstanceOf(Reply.Unavailable.class);
    assertThat(Thread.interrupted()).isTrue();
    assertThat(commits).hasSize(1);
  }

  @Test
  void commits_findWhoLeads_andStayThere() {
    for (int i = 0; i < 20; i++) {
      leader = i % 2;
      do {
        assertThat(submit()).isInstanceOf(Reply.Decided.class); // at most so long as one is tried
      } while (lastAsked != leader);
      for (int j = 0; j < 10; j++) {
        assertThat(submit()).isInstanceOf(Reply.Decided.class);
        assertThat(lastAsked).isEqualTo(leader);
      }
    }
  }

  /** As while a leader is elected. */
  @Test
  void nodeThatSaysItIsNotAble_isTriedForTheLeader() {
    next.add(() -> new RemoteAnswer.Unavailable("no leader is known"));
    assertThat(submit()).isInstanceOf(Reply.Decided.class);
    leader = 1 - lastAsked;
    assertThat(submit()).isInstanceOf(Reply.Decided.class);
    assertThat(submit()).isInstanceOf(Reply.Decided.class);
    assertThat(lastAsked).isEqualTo(leader);
  }

  @Test
  void nodeThatDoesNotAnswer_isNotTriedForTheLeaderAgain() {
    leader = 1;
    next.add(RemoteOrderTest::lost); // at either node; then all are there
    assertThat(submit()).isInstanceOf(Reply.Decided.class);
    int asked = lastAsked;
    leader = 1 - asked;
    for (int i = 0; i < 1_000; i++) {
      assertThat(submit()).isInstanceOf(Reply.Decided.class);
      assertThat(lastAsked).isEqualTo(asked);
    }
  }

  @Test
  void unknownOutcome_doesNotKeepAllThatFollows() {
    next.add(RemoteOrderTest::lost);
    next.add(RemoteAnswer.NoSession::new);
    assertThat(submit()).isInstanceOf(Reply.Unknown.class);
    for (int i = 0; i < 5_000; i++) {
      assertThat(submit()).isInstanceOf(Reply.Decided.class);
    }
    RemoteQuestion.Commit last = commits.getLast();
    assertThat(last.answeredBelow()).isGreaterThan(1).isLessThanOrEqualTo(last.number());
    assertThat(sessions).isEqualTo(1);
  }

  @Test
  void refusalOfAnotherVersion_canBeRead() {
    byte[] bytes = new RemoteAnswer.Refused("update the client").encode(5);
    bytes[0]++;
    assertThat(RemoteAnswer.decode(bytes).answer())
        .isEqualTo(new RemoteAnswer.Refused("update the client"));
    byte[] other = DONE.encode(5);
    other[0]++;
    assertThatThrownBy(() -> RemoteAnswer.decode(other))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("format version");
  }
}
