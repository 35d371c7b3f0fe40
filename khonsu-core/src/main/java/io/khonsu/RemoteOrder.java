package io.khonsu;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.khonsu.spi.CommitOrder;
import java.util.BitSet;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Hands commits to a cluster. A client has a session there, and a commit its number in it; so it is
 * handed in again, at any node, until somebody says what became of it, and applied once.
 *
 * <p>Thread-safe. Unlike others, this blocks: on the thread of who commits.
 */
final class RemoteOrder implements CommitOrder {
  /** The outcomes of so many commits can still be asked for if they are not known. */
  private static final int RESOLVABLE_MAX = 4096;

  /** A session whose commits are answered so far out of order makes place for another one. */
  private static final int OPEN_MAX = 1 << 15;

  /** A session has no greater number for a commit. */
  private static final long NUMBER_MAX = (1L << Integer.SIZE) - 1;

  /** What no node would take. */
  private static final int REQUEST_BYTES_MAX = 16 << 20;

  private final RemoteLink link;

  @GuardedBy("this")
  private @Nullable Session session;

  /** One session, and its numbers that somebody waits for, or may ask for. */
  private static final class Session {
    private final long id;

    /** Numbers that somebody waits for, modulo {@link #OPEN_MAX}. */
    private final BitSet open = new BitSet(OPEN_MAX);

    private final TreeSet<Long> unresolved = new TreeSet<>();

    /** None below is open; what follows the last number if none is. */
    private long firstOpen = 1;

    private long lastNumber;

    private Session(long id) {
      this.id = id;
    }

    /** {@return the number of another commit, or 0 if it needs another session} */
    private synchronized long begin() {
      if (lastNumber + 1 - firstOpen >= OPEN_MAX || lastNumber == NUMBER_MAX) {
        return 0;
      }
      open.set(place(++lastNumber));
      return lastNumber;
    }

    private synchronized long answeredBelow() {
      while (!unresolved.isEmpty() && unresolved.first() <= lastNumber - RESOLVABLE_MAX) {
        unresolved.pollFirst(); // or the nodes would keep all that came after it
      }
      return unresolved.isEmpty() ? firstOpen : Math.min(firstOpen, unresolved.first());
    }

    private static int place(long number) {
      return (int) (number % OPEN_MAX);
    }

    private synchronized void resolve(long number) {
      unresolved.remove(number);
    }

    private synchronized void end(long number, boolean isResolved) {
      open.clear(place(number));
      while (firstOpen <= lastNumber && !open.get(place(firstOpen))) {
        firstOpen++;
      }
      if (!isResolved) {
        unresolved.add(number);
      }
    }
  }

  RemoteOrder(RemoteLink link) {
    this.link = link;
  }

  RemoteLink link() {
    return link;
  }

  @Override
  public CompletionStage<Reply> submit(byte[] request) {
    if (request.length > REQUEST_BYTES_MAX) {
      return done(new Reply.TooLarge(request.length, REQUEST_BYTES_MAX));
    }
    while (true) {
      Session current;
      try {
        current = session();
      } catch (UnavailableException e) {
        return done(new Reply.Unavailable(String.valueOf(e.getMessage())));
      }
      Reply reply = submit(current, request);
      if (reply != null) {
        return done(reply);
      }
      forget(current);
    }
  }

  /** {@return what became of it, or null if it needs another session, and nothing happened} */
  private @Nullable Reply submit(Session in, byte[] request) {
    long number = in.begin();
    if (number == 0) {
      return null;
    }
    boolean isResolved = false;
    try {
      Reply reply = reply(in.id, number, in.answeredBelow(), request);
      isResolved = !(reply instanceof Reply.Unknown);
      return reply;
    } finally {
      in.end(number, isResolved);
    }
  }

  private @Nullable Reply reply(long id, long number, long answeredBelow, byte[] request) {
    RemoteLink.Asked asked =
        link.ask(new RemoteQuestion.Commit(id, number, answeredBelow, request));
    return switch (asked.answer()) {
      case RemoteAnswer.Decided(byte[] answer, boolean _) -> new Reply.Decided(answer);
      case RemoteAnswer.NeverApplied() -> new Reply.Unavailable(GIVEN_UP);
      case RemoteAnswer.Unknown(String reason) -> unknown(id, number, reason);
      case RemoteAnswer answer when asked.mayHaveArrivedBefore() ->
          unknown(
              id, number, "a node did not answer, and another one cannot tell: " + said(answer));
      case RemoteAnswer.TooLarge(long size, long limit) -> new Reply.TooLarge(size, limit);
      case RemoteAnswer.NoSession() -> null;
      case RemoteAnswer.Unavailable(String reason) -> new Reply.Unavailable(reason);
      case RemoteAnswer _ -> throw RemoteLink.notAnAnswer();
    };
  }

  private static String said(RemoteAnswer answer) {
    return switch (answer) {
      case RemoteAnswer.NoSession() -> "its session has ended";
      case RemoteAnswer.Unavailable(String reason) -> reason;
      case RemoteAnswer _ -> String.valueOf(answer);
    };
  }

  private static Reply unknown(long session, long number, String reason) {
    return new Reply.Unknown(session << Integer.SIZE | number, reason);
  }

  @Override
  public CompletionStage<CommitStatus> outcome(long commitId) {
    CommitStatus status = status(commitId);
    if (!(status instanceof CommitStatus.Unavailable)) {
      resolved(commitId);
    }
    return CompletableFuture.completedFuture(status);
  }

  private CommitStatus status(long commitId) {
    return switch (link.ask(new RemoteQuestion.Outcome(commitId)).answer()) {
      case RemoteAnswer.Committed(long version) -> new CommitStatus.Committed(version);
      case RemoteAnswer.NeverApplied() -> new CommitStatus.NotCommitted();
      case RemoteAnswer.NoSession() -> new CommitStatus.Forgotten();
      case RemoteAnswer.Unavailable(String reason) -> new CommitStatus.Unavailable(reason);
      case RemoteAnswer.Unknown(String reason) -> new CommitStatus.Unavailable(reason);
      case RemoteAnswer _ -> throw RemoteLink.notAnAnswer();
    };
  }

  private synchronized void resolved(long commitId) {
    Session current = session;
    if (current != null && commitId >>> Integer.SIZE == current.id) {
      current.resolve(commitId & NUMBER_MAX);
    }
  }

  private synchronized Session session() {
    Session current = session;
    if (current == null) {
      if (!(link.read(new RemoteQuestion.OpenSession()) instanceof RemoteAnswer.Opened(long id))) {
        throw RemoteLink.notAnAnswer();
      }
      current = new Session(id);
      session = current;
    }
    return current;
  }

  @SuppressWarnings("ReferenceEquality") // this very session
  private synchronized void forget(Session ended) {
    if (session == ended) {
      session = null;
    }
  }

  private static CompletionStage<Reply> done(Reply reply) {
    return CompletableFuture.completedFuture(reply);
  }

  @Override
  public CompletionStage<Reply> awaitCurrent(long stalenessNanosMax) {
    var _ = link.versions(stalenessNanosMax);
    return done(new Reply.Decided(new byte[0]));
  }

  @Override
  public void close() {
    link.close();
  }
}
