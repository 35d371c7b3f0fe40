package io.khonsu.distributed;

import io.khonsu.ReplicatedStore;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What waits at the leader for a place in the log, and the versions drawn for it. What has a place
 * must be applied, so commits get none while there is no memory for them here. Another node that
 * hands in such a commit cannot tell, as what it sends may be lost or arrive later: in the place of
 * the commit the question for its outcome goes into the log, and from there on it is refused for
 * good, or was applied before. Event loop only.
 */
final class Batching {
  private final ClusterConfig config;
  private final GroupState state;
  private final ReplicatedStore store;
  private final ArrayDeque<Waiting> waiting = new ArrayDeque<>();
  private final ArrayDeque<UnderWay> underWay = new ArrayDeque<>();
  private long waitingBytes;
  private boolean isAwaited;

  /** What all that waits or is under way needs of memory to be applied. */
  private long needBytes;

  private long drawn;

  /** Why a commit was not taken last; null if one that needs memory was taken since. */
  private @Nullable String shortage;

  private record Waiting(Submission submission, long needBytes, boolean isOthers) {}

  private record UnderWay(long lastVersion, long needBytes) {}

  /**
   * What became of submissions that were offered; of others nothing.
   *
   * @param taken those that wait for a place now
   * @param withoutMemory those for which there is no memory: they may be offered again in a while
   */
  record Offered(List<Submission> taken, List<Submission> withoutMemory) {}

  Batching(ClusterConfig config, GroupState state, ReplicatedStore store) {
    this.config = config;
    this.state = state;
    this.store = store;
  }

  /**
   * Lets submissions wait, as far as there is room. A commit of another node that there is no
   * memory for, whatever becomes of those under way, is given up.
   *
   * @param areOthers whether they are another node's, which waits until it has applied them
   */
  Offered offer(List<Submission> submissions, boolean areOthers) {
    Offered offered = new Offered(new ArrayList<>(submissions.size()), new ArrayList<>());
    for (Submission submission : submissions) {
      if (waitingBytes + submission.sizeBytes() > config.limits().pendingBytesMax()) {
        break;
      }
      long need = needBytes(submission);
      shortage = need == 0 ? shortage : store.memoryShortage(need, needBytes);
      if (need == 0 || shortage == null) {
        add(submission, need, areOthers);
        offered.taken.add(submission);
      } else {
        offered.withoutMemory.add(submission);
        if (areOthers && store.memoryShortage(need, 0) != null) {
          giveUp(submission);
        }
      }
    }
    return offered;
  }

  private void add(Submission submission, long need, boolean isOthers) {
    waitingBytes += submission.sizeBytes();
    needBytes += need;
    waiting.add(new Waiting(submission, need, isOthers));
  }

  /** Another copy of it may be in the log before this, or come later: neither matters then. */
  private void giveUp(Submission submission) {
    if (submission instanceof Submission.Commit commit) {
      add(new Submission.Resolve(commit.commitId()), 0, /* isOthers= */ true);
    }
  }

  /** {@return why something may have no place yet} */
  String whyUndecided() {
    return Objects.requireNonNullElse(shortage, LocalClient.NO_ANSWER);
  }

  private long needBytes(Submission submission) {
    return submission instanceof Submission.Commit commit
        ? store.memoryNeedBytes(commit.request())
        : 0;
  }

  /** {@return how many submissions wait} */
  int count() {
    return waiting.size();
  }

  /** {@return their size} */
  long waitingBytes() {
    return waitingBytes;
  }

  /** {@return the first of {@code count} versions in a row that are newer than all before} */
  long draw(long epochMillis, int count) {
    long first = Math.max(Math.max(drawn, state.clock()) + 1, Versions.firstOf(epochMillis));
    drawn = first + count - 1;
    return first;
  }

  /** {@return the next batch to propose; null if nothing waits or enough is under way} */
  LogEntry.@Nullable Batch next(long epochMillis) {
    if (waiting.isEmpty() || underWay.size() >= config.limits().batchesMax()) {
      return null;
    }
    List<Submission> batch = new ArrayList<>();
    long bytes = 0;
    long need = 0;
    isAwaited = false;
    while (!waiting.isEmpty()
        && fits(waiting.getFirst().submission, batch.size(), bytes, config.limits())) {
      Waiting next = waiting.removeFirst();
      bytes += next.submission.sizeBytes();
      need += next.needBytes;
      batch.add(next.submission);
      isAwaited |= next.isOthers;
    }
    waitingBytes -= bytes;
    long first = draw(epochMillis, batch.size());
    underWay.add(new UnderWay(drawn, need));
    return new LogEntry.Batch(config.group(), first, batch);
  }

  /** {@return whether another node waits for something in the batch that came last} */
  boolean isAwaited() {
    return isAwaited;
  }

  private static boolean fits(Submission next, int count, long bytes, ClusterConfig.Limits limits) {
    return count == 0
        || (count < limits.batchCountMax() && bytes + next.sizeBytes() <= limits.batchBytesMax());
  }

  /** {@return submissions in parts, each of the size of a batch} */
  static List<List<Submission>> parts(List<Submission> submissions, ClusterConfig.Limits limits) {
    List<List<Submission>> parts = new ArrayList<>();
    List<Submission> part = new ArrayList<>();
    long bytes = 0;
    for (Submission submission : submissions) {
      if (!fits(submission, part.size(), bytes, limits)) {
        parts.add(part);
        part = new ArrayList<>();
        bytes = 0;
      }
      part.add(submission);
      bytes += submission.sizeBytes();
    }
    parts.add(part);
    return parts;
  }

  /** Notes that all up to a version was applied. */
  void applied(long version) {
    while (!underWay.isEmpty() && underWay.getFirst().lastVersion <= version) {
      needBytes -= underWay.removeFirst().needBytes;
    }
  }

  /** Drops what waits: whoever sent it sends it again. */
  void clear() {
    waiting.clear();
    waitingBytes = 0;
    underWay.clear();
    needBytes = 0;
    shortage = null;
  }
}
