package io.khonsu.consensus;

import io.khonsu.consensus.deviation.Deviation;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Gathers a {@link LogSync} that did not fit into its message: the snapshot, if there is one, then
 * page after page. Nothing of it touches the log before all is there; a log that is partly the old
 * one and claims to be the new one would lose decided entries.
 */
final class Transfer {
  /** After so many resend timeouts without progress the source is given up. */
  private static final int STALLS_MAX = 3;

  private final Core core;
  private final int source;
  private final Ballot ballot;
  private final LogSync sync;
  private final List<Entries> entries;
  private final @Nullable SnapshotFetch fetch;
  private long position;
  private int stalls;

  Transfer(Core core, int source, Ballot ballot, LogSync sync) {
    this.core = core;
    this.source = source;
    this.ballot = ballot;
    this.sync = sync;
    this.entries = new ArrayList<>(sync.entries());
    this.position = sync.pageEnd();
    SnapshotId snapshot = sync.snapshot();
    this.fetch =
        snapshot == null ? null : new SnapshotFetch(core, core.members().get(source), snapshot);
  }

  int source() {
    return source;
  }

  LogSync sync() {
    return sync;
  }

  List<Entries> entries() {
    return entries;
  }

  boolean isComplete() {
    if (core.deviates(Deviation.SYNC_FIRST_PAGE_ONLY)) {
      return fetch == null || fetch.isComplete();
    }
    return (fetch == null || fetch.isComplete()) && position == sync.endIndex();
  }

  /** {@return whether the snapshot is there that comes first} */
  boolean hasSnapshot() {
    return fetch != null && fetch.isComplete();
  }

  /** Asks for what comes next, perhaps again. */
  void request() {
    if (fetch != null && !fetch.isComplete()) {
      fetch.request();
    } else if (position < sync.endIndex()) {
      core.send(source, new Message.FetchEntries(ballot, position, sync.endIndex()));
    }
  }

  void onChunk(Member from, Message.SnapshotChunk chunk) {
    if (fetch != null && fetch.onChunk(from, chunk)) {
      stalls = 0;
    }
  }

  void onPage(int from, Message.EntriesPage page) {
    if (from != source || !page.ballot().equals(ballot) || page.from() != position) {
      return;
    }
    for (Entries run : page.entries()) {
      int count = (int) Math.min(run.count(), sync.endIndex() - position);
      entries.add(run.slice(0, count));
      position += count;
    }
    stalls = 0;
    if (!isComplete()) {
      request();
    }
  }

  /** {@return whether another fetch has begun, or its own was refused: this will never end} */
  boolean isSuperseded() {
    return fetch != null && fetch.isSuperseded();
  }

  /** {@return whether the snapshot that this waits for is gone, so that it will never end} */
  boolean isGone(Member from, SnapshotId id) {
    return fetch != null && !fetch.isComplete() && fetch.isFrom(from, id);
  }

  /** {@return whether the source is still worth waiting for; then asks again} */
  boolean retry() {
    if (++stalls > STALLS_MAX || isSuperseded()) {
      return false;
    }
    if (stalls > 1) {
      request();
    }
    return true;
  }
}
