package io.khonsu;

import io.khonsu.spi.ClientNetwork;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.locks.LockSupport;

/**
 * A client's way to a cluster: a question goes to one node after another until one answers it.
 * Thread-safe.
 */
final class RemoteLink implements AutoCloseable {
  /**
   * A node that takes longer is given up, and another one asked: the first time, and with a
   * question of few bytes. Each round through all nodes has twice as long.
   */
  private static final Duration ATTEMPT_MAX = Duration.ofSeconds(5);

  /** A question of many bytes has a second more for so many. */
  private static final int QUESTION_BYTES_PER_SECOND = 1 << 20;

  private static final String NO_ANSWER = "no node answers, the last one: ";
  private static final long PAUSE_NANOS_MIN = 5_000_000;
  private static final int PAUSE_DOUBLINGS_MAX = 5;
  private static final long SEEKING_NANOS_MIN = 50_000_000;
  private static final long SEEKING_NANOS_MAX = 10_000_000_000L;

  /** A node that gave no answer is not taken for the leader so soon. */
  private static final long AVOIDING_NANOS = 30_000_000_000L;

  /** A version may be taken for current as long as this, where conflicts do not depend on it. */
  private static final Duration RECENT = Duration.ofSeconds(5);

  private final ClientNetwork.Nodes nodes;
  private final int nodeCount;
  private final Duration patience;
  private final AtomicLong clusterId = new AtomicLong();
  private final AtomicLong seenVersion = new AtomicLong();
  private volatile long seenNanos;
  private volatile int node;

  /** When another node was tried last because the one before only passes commits on. */
  private final AtomicLong soughtNanos = new AtomicLong();

  /** When each node last gave no answer at all: one that knows no leader may be the next. */
  private final AtomicLongArray failedNanos;

  /** How long the next one is tried. */
  private volatile long seekingNanos;

  private volatile boolean isClosed;

  /**
   * A last answer.
   *
   * @param answer never {@link RemoteAnswer.Refused}; {@link RemoteAnswer.Unavailable} and {@link
   *     RemoteAnswer.Unknown} if nobody gave another one in time
   * @param mayHaveArrivedBefore whether a node may have got the question that did not answer it
   */
  record Asked(RemoteAnswer answer, boolean mayHaveArrivedBefore) {}

  /**
   * A way to a cluster.
   *
   * @param patience how long a question is asked again, before its caller hears that nobody answers
   */
  RemoteLink(ClientNetwork.Nodes nodes, int nodeCount, Duration patience) {
    this.nodes = nodes;
    this.nodeCount = nodeCount;
    this.patience = patience;
    this.node = ThreadLocalRandom.current().nextInt(nodeCount);
    long now = System.nanoTime();
    this.soughtNanos.set(now);
    this.failedNanos = new AtomicLongArray(nodeCount);
    for (int i = 0; i < nodeCount; i++) {
      failedNanos.set(i, now - AVOIDING_NANOS);
    }
  }

  /**
   * {@return the answer to a question that only reads}
   *
   * @throws SnapshotTooOldException if it is about a version that is not kept
   * @throws TableDroppedException if it is about a table that is not there any more
   * @throws UnavailableException if no node answers
   */
  RemoteAnswer read(RemoteQuestion question) {
    return switch (ask(question).answer()) {
      case RemoteAnswer.Unavailable(String reason) -> throw new UnavailableException(reason, null);
      case RemoteAnswer.Unknown(String reason) -> throw unanswered(reason);
      case RemoteAnswer.TooOld(long version, long oldest) ->
          throw new SnapshotTooOldException(version, oldest);
      case RemoteAnswer.Dropped(String message) -> throw new TableDroppedException(message);
      case RemoteAnswer answer -> answer;
    };
  }

  private RuntimeException unanswered(String reason) {
    return isClosed ? new StoreClosedException() : new UnavailableException(reason, null);
  }

  /** {@return the newest version, at the node that answers or everywhere, and the oldest kept} */
  RemoteAnswer.Versions versions(long stalenessNanosMax) {
    RemoteQuestion question = new RemoteQuestion.Newest(seenVersion.get(), stalenessNanosMax);
    if (read(question) instanceof RemoteAnswer.Versions versions) {
      saw(versions.newest());
      return versions;
    }
    throw notAnAnswer();
  }

  /** {@return a version that is committed, from a short time ago} Mostly asks nobody. */
  long recentVersion() {
    long seen = seenVersion.get();
    return seen > 0 && System.nanoTime() - seenNanos < RECENT.toNanos()
        ? seen
        : versions(RemoteQuestion.Newest.KNOWN_THERE).newest();
  }

  /** Notes a version that is committed: nothing older is shown to this client from now on. */
  void saw(long version) {
    if (seenVersion.accumulateAndGet(version, Math::max) == version) {
      seenNanos = System.nanoTime();
    }
  }

  static RuntimeException notAnAnswer() {
    return new UnavailableException("a node gave the answer to another question", null);
  }

  /** Asks, as long as it takes or patience lasts. */
  Asked ask(RemoteQuestion question) {
    long deadline = System.nanoTime() + patience.toNanos();
    boolean mayHaveArrived = false;
    RemoteAnswer last = new RemoteAnswer.Unavailable("no node was asked");
    if (Thread.currentThread().isInterrupted()) {
      return new Asked(new RemoteAnswer.Unavailable("the thread was interrupted"), false);
    }
    for (int attempt = 0; attempt == 0 || System.nanoTime() - deadline < 0; attempt++) {
      if (isClosed && mayHaveArrived) {
        return new Asked(new RemoteAnswer.Unknown("the client was closed"), true);
      }
      checkOpen();
      pauseBefore(attempt);
      int asked = node;
      try {
        Duration timeout = timeout(question, attempt);
        RemoteAnswer answer = attempt(asked, question, timeout, mayHaveArrived);
        if (!(answer instanceof RemoteAnswer.Unavailable
            || answer instanceof RemoteAnswer.Unknown)) {
          seekLeader(asked, answer);
          return new Asked(answer, mayHaveArrived);
        }
        last = answer;
        mayHaveArrived |= answer instanceof RemoteAnswer.Unknown;
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
        return new Asked(new RemoteAnswer.Unknown("the thread was interrupted"), true);
      }
      if (node == asked) { // else somebody has found a better one meanwhile
        node = (asked + 1) % nodeCount;
      }
    }
    return new Asked(last, mayHaveArrived);
  }

  /**
   * Who commits goes on at the next node where this one only passes commits on, ever more seldom if
   * none of them leads; who only reads stays where it is.
   */
  private void seekLeader(int asked, RemoteAnswer answer) {
    if (!(answer instanceof RemoteAnswer.Decided decided)) {
      return;
    }
    if (decided.isByLeader()) {
      seekingNanos = 0;
      return;
    }
    long now = System.nanoTime();
    long last = soughtNanos.get();
    int next = nextWorking(asked, now);
    if (next != asked
        && node == asked
        && now - last > seekingNanos
        && soughtNanos.compareAndSet(last, now)) {
      seekingNanos = Math.clamp(2 * seekingNanos, SEEKING_NANOS_MIN, SEEKING_NANOS_MAX);
      node = next;
    }
  }

  /** {@return the next node that has not failed for a while, or else the same} */
  private int nextWorking(int asked, long now) {
    int next = (asked + 1) % nodeCount;
    while (next != asked && now - failedNanos.get(next) < AVOIDING_NANOS) {
      next = (next + 1) % nodeCount;
    }
    return next;
  }

  /** {@return what a node answers, or what that it does not answer means} */
  private RemoteAnswer attempt(
      int asked, RemoteQuestion question, Duration timeout, boolean mayHaveArrived)
      throws InterruptedException {
    try {
      return answer(asked, question, timeout);
    } catch (IllegalArgumentException e) {
      if (mayHaveArrived) { // another node may know what the first one did
        return new RemoteAnswer.Unknown(String.valueOf(e.getMessage()));
      }
      throw e;
    } catch (ClientNetwork.NotAskedException e) {
      failedNanos.set(asked, System.nanoTime());
      return new RemoteAnswer.Unavailable(NO_ANSWER + e.getMessage());
    } catch (IOException e) {
      failedNanos.set(asked, System.nanoTime());
      return new RemoteAnswer.Unknown(NO_ANSWER + e.getMessage());
    }
  }

  private Duration timeout(RemoteQuestion question, int attempt) {
    Duration attemptMax = ATTEMPT_MAX.multipliedBy(1L << Math.min(attempt / nodeCount, 6));
    return switch (question) {
      case RemoteQuestion.Changed(byte[] _, int waitMillis) -> attemptMax.plusMillis(waitMillis);
      case RemoteQuestion.Commit commit ->
          attemptMax.plusSeconds(commit.request().length / QUESTION_BYTES_PER_SECOND);
      case RemoteQuestion _ -> attemptMax;
    };
  }

  private RemoteAnswer answer(int asked, RemoteQuestion question, Duration timeout)
      throws IOException, InterruptedException {
    RemoteAnswer.Addressed got;
    try {
      byte[] encoded = question.encode(clusterId.get());
      got =
          RemoteAnswer.decode(
              isBrief(question) && encoded.length <= ClientNetwork.Nodes.BRIEF_BYTES_MAX
                  ? nodes.askBriefly(asked, encoded, timeout)
                  : nodes.ask(asked, encoded, timeout));
    } catch (IllegalArgumentException e) {
      throw new IOException("it gave no answer of this version: " + e.getMessage(), e);
    }
    if (got.answer() instanceof RemoteAnswer.Refused(String message)) {
      throw new IllegalArgumentException("a node refused the call: " + message);
    }
    long known = clusterId.compareAndExchange(0, got.clusterId());
    if (known != 0 && known != got.clusterId()) {
      throw new IllegalArgumentException(
          "node %d of the address belongs to cluster %d, another one to cluster %d"
              .formatted(asked + 1, got.clusterId(), known));
    }
    return got.answer();
  }

  /** {@return whether the answer is small} Nobody can know what a read brings. */
  static boolean isBrief(RemoteQuestion question) {
    return switch (question) {
      case RemoteQuestion.Items _, RemoteQuestion.Range _, RemoteQuestion.Changed _ -> false;
      case RemoteQuestion.Newest _,
          RemoteQuestion.OpenSession _,
          RemoteQuestion.Commit _,
          RemoteQuestion.Outcome _ ->
          true;
    };
  }

  private void pauseBefore(int attempt) {
    int round = attempt / nodeCount;
    if (attempt > 0 && attempt % nodeCount == 0) {
      long longest = PAUSE_NANOS_MIN << Math.min(round, PAUSE_DOUBLINGS_MAX);
      LockSupport.parkNanos(ThreadLocalRandom.current().nextLong(longest / 2, longest + 1));
    }
  }

  private void checkOpen() {
    if (isClosed) {
      throw new StoreClosedException();
    }
  }

  /** Asks nothing more, and nothing again; questions that are under way may get their answers. */
  void stopAsking() {
    isClosed = true;
  }

  @Override
  public void close() {
    stopAsking();
    nodes.close();
  }
}
