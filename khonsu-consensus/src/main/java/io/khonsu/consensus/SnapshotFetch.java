package io.khonsu.consensus;

/**
 * Fetches a snapshot from another replica, one chunk after the other, until the driver has said of
 * all of them that they are one. Only one fetch of a replica counts, the last one begun; there is
 * one place to stage it.
 */
final class SnapshotFetch {
  private final Core core;
  private final Member source;
  private final SnapshotId snapshot;
  private long offset;
  private long sizeBytes;
  private boolean arrived;
  private boolean complete;

  SnapshotFetch(Core core, Member source, SnapshotId snapshot) {
    this.core = core;
    this.source = source;
    this.snapshot = snapshot;
    core.fetching(this);
  }

  SnapshotId snapshot() {
    return snapshot;
  }

  Member source() {
    return source;
  }

  boolean isComplete() {
    return complete && !isSuperseded();
  }

  /** {@return whether another fetch began since, so that this one must begin anew} */
  boolean isSuperseded() {
    return !core.isFetching(this);
  }

  /** Asks for the next chunk, perhaps again, unless the last snapshot was refused just now. */
  void request() {
    if (!arrived && !core.isFetchPaused()) {
      core.send(source, new Message.FetchSnapshot(snapshot, offset));
    }
  }

  /** Takes it for complete, if all has arrived of it. */
  void checked() {
    complete = arrived;
  }

  /** {@return whether the chunk was the one asked for} */
  boolean onChunk(Member from, Message.SnapshotChunk chunk) {
    boolean expected = isFrom(from, chunk.snapshot()) && chunk.offset() == offset;
    if (arrived || isSuperseded() || !expected) {
      return false;
    }
    if (offset > 0 && chunk.sizeBytes() != sizeBytes) {
      // The source made its snapshot anew: what is staged is a part of another one.
      offset = 0;
      request();
      return false;
    }
    long size = chunk.bytes().size();
    boolean empty = size == 0 && chunk.sizeBytes() > offset;
    if (empty || offset + size > chunk.sizeBytes()) {
      return false;
    }
    sizeBytes = chunk.sizeBytes();
    core.out().stage(new StagedChunk(snapshot, source, offset, chunk.sizeBytes(), chunk.bytes()));
    offset += size;
    arrived = offset == chunk.sizeBytes();
    request();
    return true;
  }

  boolean isFrom(Member from, SnapshotId id) {
    return from.equals(source) && id.equals(snapshot);
  }
}
