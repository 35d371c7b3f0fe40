package io.khonsu.distributed;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.khonsu.CommitStatus;
import io.khonsu.spi.ClientSessions;
import java.util.ArrayDeque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;

/** The sessions of clients that commit by way of this node. Thread-safe. */
final class MemberSessions implements ClientSessions {
  /** So many sessions are opened here within the age of a session; all nodes remember each. */
  static final int OPENED_MAX = 4096;

  private final DistributedCommitManager node;
  private final ClusterConfig config;

  /** When sessions were opened, as far as they may still be there. */
  @GuardedBy("this")
  private final ArrayDeque<Long> openings = new ArrayDeque<>();

  /** How many are asked for, and nobody knows yet whether they are opened. */
  @GuardedBy("this")
  private int asked;

  MemberSessions(DistributedCommitManager node, ClusterConfig config) {
    this.node = node;
    this.config = config;
  }

  @Override
  public CompletionStage<Answer> open() {
    CompletableFuture<Answer> result = new CompletableFuture<>();
    if (!mayOpen(System.nanoTime())) {
      result.complete(tooMany());
      return result;
    }
    CompletionStage<Answer> counted = result.whenComplete((answer, _) -> asked(answer));
    if (!node.openSession(completing(result))) {
      result.complete(overloaded());
    }
    return counted;
  }

  private synchronized boolean mayOpen(long nowNanos) {
    long ageNanos = config.times().sessionAge().toNanos();
    while (!openings.isEmpty() && nowNanos - openings.getFirst() > ageNanos) {
      openings.removeFirst();
    }
    if (openings.size() + asked >= OPENED_MAX) {
      return false;
    }
    asked++;
    return true;
  }

  /** Only what was opened counts: who tries again and again while nobody leads opens nothing. */
  private synchronized void asked(Answer answer) {
    asked--;
    if (answer instanceof Answer.Opened) {
      openings.addLast(System.nanoTime());
    }
  }

  @Override
  public CompletionStage<Answer> submit(long commitId, long answeredBelow, byte[] request) {
    CompletableFuture<Answer> result = new CompletableFuture<>();
    Submission commit = new Submission.Commit(commitId, answeredBelow, request);
    String shortage = node.replicatedStore().memoryShortage(request, 0);
    if (commit.sizeBytes() > config.requestBytesMax()) {
      result.complete(new Answer.TooLarge(commit.sizeBytes(), config.requestBytesMax()));
    } else if (shortage != null) {
      result.complete(new Answer.Unavailable(shortage));
    } else if (!node.submit(commit, completing(result))) {
      result.complete(overloaded());
    }
    return result;
  }

  @Override
  public CompletionStage<CommitStatus> outcome(long commitId) {
    return node.outcome(commitId);
  }

  @Override
  public boolean leads() {
    return node.status().leader() == config.member().node();
  }

  @Override
  public long commitId(long session, long number) {
    return CommitIds.of(session, number);
  }

  private static Answer tooMany() {
    return new Answer.Unavailable(
        "%d sessions were opened here in a short time: keep a client, and use it by many threads"
            .formatted(OPENED_MAX));
  }

  private static Answer overloaded() {
    return new Answer.Unavailable("too much is under way, or the node has stopped");
  }

  private static Consumer<ClientReply> completing(CompletableFuture<Answer> result) {
    return reply -> result.complete(answer(reply));
  }

  private static Answer answer(ClientReply reply) {
    return switch (reply) {
      case ClientReply.Done(Outcome outcome) -> answer(outcome);
      case ClientReply.Unavailable(String reason) -> new Answer.Unavailable(reason);
      case ClientReply.Unknown(String reason) -> new Answer.Unknown(reason);
      case ClientReply.Current() ->
          throw new IllegalStateException("nobody asked whether the node is current");
    };
  }

  private static Answer answer(Outcome outcome) {
    return switch (outcome) {
      case Outcome.SessionOpened(long session) -> new Answer.Opened(session);
      case Outcome.Decided(byte[] answer) -> new Answer.Decided(answer);
      case Outcome.NeverApplied() -> new Answer.NeverApplied();
      case Outcome.NoSession() -> new Answer.NoSession();
      case Outcome.Answered() ->
          new Answer.Unknown("the session had said that it does not need the outcome any more");
      case Outcome.Again() ->
          throw new IllegalStateException("what is to be sent again has no outcome yet");
    };
  }
}
