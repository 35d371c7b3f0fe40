package io.khonsu.distributed;

import io.khonsu.CommitStatus;
import io.khonsu.ReplicatedStore;
import io.khonsu.distributed.Submitter.Sent;
import io.khonsu.spi.CommitOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/**
 * The session of a node's own transactions. What has no number yet waits for one; a session that
 * has ended is replaced, which is safe, for what came into the log under it was refused.
 *
 * <p>The methods of {@link CommitOrder} are for any thread, the others for the event loop.
 */
final class LocalClient implements CommitOrder {
  /** The outcomes of the last so many commits can be asked for if they are not known. */
  private static final int RESOLVABLE_MAX = 4096;

  static final String NO_ANSWER = "the cluster did not answer in time";

  /** A request of a transaction of this node, with the number it has now, if it has one. */
  private final class Commit implements Submitter.Owner {
    private final byte[] request;
    private final long deadlineNanos;
    private final CompletableFuture<Reply> result;
    private long commitId;

    private Commit(byte[] request, long deadlineNanos, CompletableFuture<Reply> result) {
      this.request = request;
      this.deadlineNanos = deadlineNanos;
      this.result = result;
    }

    @Override
    public void decided(Outcome outcome) {
      switch (outcome) {
        case Outcome.Decided(byte[] answer) -> end(new Reply.Decided(answer));
        case Outcome.NoSession _ -> sessionEnded(this);
        case Outcome.NeverApplied _ -> end(new Reply.Unavailable(GIVEN_UP));
        case Outcome.Answered _ -> sessionTaken(this);
        case Outcome.SessionOpened _, Outcome.Again _ ->
            throw new IllegalStateException("an open commit cannot be answered by " + outcome);
      }
    }

    @Override
    public void gaveUp(Sent sent) {
      switch (sent) {
        case NEVER -> end(new Reply.Unavailable(node.whyUnanswered()));
        case MAYBE -> {
          unresolved.add(commitId);
          end(new Reply.Unknown(commitId, NO_ANSWER));
        }
      }
    }

    private void end(Reply reply) {
      open.remove(commitId);
      pendingBytes.addAndGet(-request.length);
      result.complete(reply);
    }
  }

  private final ClusterConfig config;
  private final DistributedCommitManager node;

  /** How often the node was started: no two starts ask for a session by the same numbers. */
  private final long start;

  private final Submitter submitter;
  private final ReadIndexes reads;
  private final AtomicLong pendingBytes = new AtomicLong();

  /** Numbers of this session that have no outcome yet, and those that nobody waits for any more. */
  private final TreeSet<Long> open = new TreeSet<>();

  private final TreeSet<Long> unresolved = new TreeSet<>();
  private final List<Commit> waiting = new ArrayList<>();
  private long session;
  private long lastNumber;
  private long openings;
  private boolean isOpening;

  LocalClient(
      ClusterConfig config,
      DistributedCommitManager node,
      long start,
      Submitter submitter,
      ReadIndexes reads) {
    this.config = config;
    this.start = start;
    this.node = node;
    this.submitter = submitter;
    this.reads = reads;
  }

  @Override
  public CompletionStage<Reply> submit(byte[] request) {
    CompletableFuture<Reply> result = new CompletableFuture<>();
    if (request.length > config.requestBytesMax()) {
      result.complete(new Reply.TooLarge(request.length, config.requestBytesMax()));
      return result;
    }
    String shortage = node.replicatedStore().memoryShortage(request, pendingBytes.get());
    if (shortage != null) {
      result.complete(new Reply.Unavailable(shortage));
      return result;
    }
    if (pendingBytes.addAndGet(request.length) > config.limits().pendingBytesMax()
        || !node.enqueue(request.length, () -> begin(request, result))) {
      pendingBytes.addAndGet(-request.length);
      result.complete(new Reply.Unavailable("too much is under way, or the node has stopped"));
    }
    return result;
  }

  private void begin(byte[] request, CompletableFuture<Reply> result) {
    send(new Commit(request, node.nanos() + config.times().commitTimeout().toNanos(), result));
  }

  private void send(Commit commit) {
    if (session == 0 || lastNumber == CommitIds.NUMBER_MAX) {
      commit.commitId = 0;
      waiting.add(commit);
      openSession();
      return;
    }
    commit.commitId = CommitIds.of(session, ++lastNumber);
    open.add(commit.commitId);
    var submission = new Submission.Commit(commit.commitId, answeredBelow(), commit.request);
    submitter.add(submission, commit.deadlineNanos, commit);
  }

  /** {@return the first number of the session whose outcome may still be needed} */
  private long answeredBelow() {
    long newest = CommitIds.of(session, lastNumber);
    while (!unresolved.isEmpty() && unresolved.first() <= newest - RESOLVABLE_MAX) {
      unresolved.pollFirst(); // or the nodes would keep all that came after it
    }
    // Commits that an earlier session has left open count in that one.
    Long first = open.ceiling(CommitIds.of(session, 1));
    Long unknown = unresolved.ceiling(CommitIds.of(session, 1));
    long least = Math.min(first == null ? newest : first, unknown == null ? newest : unknown);
    return CommitIds.number(least);
  }

  private void openSession() {
    if (isOpening) {
      return;
    }
    isOpening = true;
    long deadline = node.nanos() + config.times().commitTimeout().toNanos();
    submitter.add(
        new Submission.OpenSession(config.member(), start, ++openings),
        deadline,
        new Submitter.Owner() {
          @Override
          public void decided(Outcome outcome) {
            opened(((Outcome.SessionOpened) outcome).session());
          }

          @Override
          public void gaveUp(Sent sent) {
            isOpening = false;
            drain().forEach(commit -> commit.end(new Reply.Unavailable(node.whyUnanswered())));
          }
        });
  }

  private List<Commit> drain() {
    List<Commit> drained = List.copyOf(waiting);
    waiting.clear();
    return drained;
  }

  private void opened(long number) {
    isOpening = false;
    session = number;
    lastNumber = 0;
    unresolved.clear();
    drain().forEach(this::send);
  }

  /**
   * A commit came into the log when its session had ended. No earlier copy of it was applied, for
   * that would have been noticed here; no later one will be.
   */
  private void sessionEnded(Commit commit) {
    open.remove(commit.commitId);
    if (CommitIds.session(commit.commitId) == session) {
      session = 0;
    }
    send(commit);
  }

  /**
   * Somebody else has used the session's number, and said that this commit is not needed any more:
   * whether it was applied before that, nobody knows. What comes next has a session of its own.
   */
  private void sessionTaken(Commit commit) {
    if (CommitIds.session(commit.commitId) == session) {
      session = 0;
    }
    commit.end(
        new Reply.Unknown(commit.commitId, "somebody else has committed in this node's session"));
  }

  @Override
  public CompletionStage<Reply> awaitCurrent(long stalenessNanosMax) {
    CompletableFuture<Reply> result = new CompletableFuture<>();
    boolean taken =
        awaitCurrent(
            stalenessNanosMax,
            reply ->
                result.complete(
                    switch (reply) {
                      case ClientReply.Current() -> new Reply.Decided(new byte[0]);
                      case ClientReply.Unavailable(String reason) -> new Reply.Unavailable(reason);
                      case ClientReply.Done _, ClientReply.Unknown _ ->
                          throw new IllegalStateException("a read cannot be answered by " + reply);
                    }));
    if (!taken) {
      result.complete(new Reply.Unavailable("too much waits, or the node has stopped"));
    }
    return result;
  }

  boolean awaitCurrent(long stalenessNanosMax, Consumer<ClientReply> owner) {
    return node.enqueue(
        0,
        () ->
            reads.add(
                node.nanos(),
                stalenessNanosMax,
                new ReadIndexes.Owner() {
                  @Override
                  public void ready() {
                    owner.accept(new ClientReply.Current());
                  }

                  @Override
                  public void gaveUp() {
                    owner.accept(new ClientReply.Unavailable(node.whyUnanswered()));
                  }
                }));
  }

  /** Opens a session for somebody else. */
  boolean openSession(Consumer<ClientReply> owner) {
    return node.enqueue(
        0, () -> add(new Submission.OpenSession(config.member(), start, ++openings), owner));
  }

  boolean submit(Submission submission, Consumer<ClientReply> owner) {
    if (submission.sizeBytes() > config.requestBytesMax()) {
      throw new IllegalArgumentException(
          "a submission has %d bytes, at most %d are possible: write less at a time"
              .formatted(submission.sizeBytes(), config.requestBytesMax()));
    }
    return node.enqueue(submission.sizeBytes(), () -> add(submission, owner));
  }

  private void add(Submission submission, Consumer<ClientReply> owner) {
    submitter.add(
        submission,
        node.nanos() + config.times().commitTimeout().toNanos(),
        new Submitter.Owner() {
          @Override
          public void decided(Outcome outcome) {
            owner.accept(new ClientReply.Done(outcome));
          }

          @Override
          public void gaveUp(Sent sent) {
            owner.accept(
                switch (sent) {
                  case NEVER -> new ClientReply.Unavailable(node.whyUnanswered());
                  case MAYBE -> new ClientReply.Unknown(NO_ANSWER);
                });
          }
        });
  }

  @Override
  public CompletionStage<CommitStatus> outcome(long commitId) {
    CompletableFuture<CommitStatus> result = new CompletableFuture<>();
    boolean taken =
        submit(
            new Submission.Resolve(commitId),
            reply -> {
              CommitStatus status = resolved(reply);
              if (!(status instanceof CommitStatus.Unavailable)) {
                unresolved.remove(commitId);
              }
              result.complete(status);
            });
    if (!taken) {
      result.complete(
          new CommitStatus.Unavailable("too much is under way, or the node has stopped"));
    }
    return result;
  }

  private static CommitStatus resolved(ClientReply reply) {
    if (!(reply instanceof ClientReply.Done(Outcome outcome))) {
      return new CommitStatus.Unavailable(NO_ANSWER);
    }
    return switch (outcome) {
      case Outcome.Decided(byte[] answer) -> {
        Long version = ReplicatedStore.committedVersion(answer);
        yield version == null
            ? new CommitStatus.NotCommitted()
            : new CommitStatus.Committed(version);
      }
      case Outcome.NeverApplied _ -> new CommitStatus.NotCommitted();
      case Outcome.NoSession _, Outcome.Answered _ -> new CommitStatus.Forgotten();
      case Outcome.SessionOpened _, Outcome.Again _ ->
          throw new IllegalStateException("a question cannot be answered by " + outcome);
    };
  }

  /** The store closes: the node ends with it. */
  @Override
  public void close() {
    node.halt();
  }
}
