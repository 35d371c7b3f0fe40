package io.khonsu.consensus;

import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/** Proposals that wait for a leader or for a batch, with a limit on their bytes. */
final class ProposalQueue {
  private final long limitBytes;
  private final Deque<Entries> queue = new ArrayDeque<>();
  private long entries;
  private long bytes;

  ProposalQueue(long limitBytes) {
    this.limitBytes = limitBytes;
  }

  /** {@return whether there was room} */
  boolean offer(Entries run) {
    if (!queue.isEmpty() && bytes + run.costBytes() > limitBytes) {
      return false;
    }
    queue.add(run);
    entries += run.count();
    bytes += run.costBytes();
    return true;
  }

  @Nullable Entries poll() {
    Entries run = queue.poll();
    if (run != null) {
      entries -= run.count();
      bytes -= run.costBytes();
    }
    return run;
  }

  boolean isEmpty() {
    return queue.isEmpty();
  }

  long entries() {
    return entries;
  }

  long sizeBytes() {
    return bytes;
  }
}
