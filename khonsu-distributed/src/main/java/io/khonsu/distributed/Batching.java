package io.khonsu.distributed;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What waits at the leader for a place in the log, and the versions drawn for it. Event loop only.
 */
final class Batching {
  private final ClusterConfig config;
  private final GroupState state;
  private final ArrayDeque<Submission> waiting = new ArrayDeque<>();
  private final ArrayDeque<Long> underWay = new ArrayDeque<>();
  private long waitingBytes;
  private long drawn;

  Batching(ClusterConfig config, GroupState state) {
    this.config = config;
    this.state = state;
  }

  /** Lets submissions wait; {@return those for which there was room} */
  List<Submission> offer(List<Submission> submissions) {
    List<Submission> taken = new ArrayList<>(submissions.size());
    for (Submission submission : submissions) {
      if (waitingBytes + submission.sizeBytes() > config.limits().pendingBytesMax()) {
        break;
      }
      waitingBytes += submission.sizeBytes();
      waiting.add(submission);
      taken.add(submission);
    }
    return taken;
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
    while (!waiting.isEmpty() && fits(waiting.getFirst(), batch.size(), bytes, config.limits())) {
      Submission next = waiting.removeFirst();
      bytes += next.sizeBytes();
      batch.add(next);
    }
    waitingBytes -= bytes;
    long first = draw(epochMillis, batch.size());
    underWay.add(drawn);
    return new LogEntry.Batch(config.group(), first, batch);
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
    while (!underWay.isEmpty() && underWay.getFirst() <= version) {
      underWay.removeFirst();
    }
  }

  /** Drops what waits: whoever sent it sends it again. */
  void clear() {
    waiting.clear();
    waitingBytes = 0;
    underWay.clear();
  }
}
