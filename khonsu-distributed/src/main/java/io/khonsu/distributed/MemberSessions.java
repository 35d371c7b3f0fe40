package io.khonsu.distributed;

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
  private final ArrayDeque<Long> openings = new ArrayDeque<>();

  MemberSessions(DistributedCommitManager node, ClusterConfig config) {
    this.node = node;
    this.config = config;
  }

  @Override
  public CompletionStage<Answer> open() {
    CompletableFuture<Answer> result = new CompletableFuture<>();
    if (!mayOpen(System.nanoTime())) {
      result.complete(tooMany());
    } else if (!node.openSession(completing(result))) {
      result.complete(overloaded());
    }
    return result;
  }

  private synchronized boolean mayOpen(long nowNanos) {
    long ageNanos = config.times().sessionAge().toNanos();
    while (!openings.isEmpty() && nowNanos - openings.getFirst() > ageNanos) {
      openings.removeFirst();
    }
    if (openings.size() >= OPENED_MAX) {
      return false;
    }
    openings.addLast(nowNanos);
    return true;
  }

  @Override
  public CompletionStage<Answer> submit(long commitId, long answeredBelow, byte[] request) {
    CompletableFuture<Answer> result = new CompletableFuture<>();
    Submission commit = new Submission.Commit(commitId, answeredBelow, request);
    if (commit.sizeBytes() > config.requestBytesMax()) {
      result.complete(new Answer.TooLarge(commit.sizeBytes(), config.requestBytesMax()));
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
