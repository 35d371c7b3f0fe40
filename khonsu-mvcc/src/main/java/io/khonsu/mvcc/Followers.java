package io.khonsu.mvcc;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * The cursors that follow the commits. What nobody cares for they are moved past here, in the
 * course of collecting, so that one whose items never change keeps nothing; one that has fallen too
 * far behind is revoked, rather than keeping history for ever.
 */
final class Followers<V> {
  private final List<ChangeCursor<V>> cursors = new CopyOnWriteArrayList<>();
  private final long limitBytes;
  private final History backlog;

  /** Allows each of them to hold back so many bytes. */
  Followers(long limitBytes) {
    this.limitBytes = limitBytes;
    this.backlog = new History(limitBytes);
  }

  boolean isEmpty() {
    return cursors.isEmpty();
  }

  void add(ChangeCursor<V> cursor) {
    cursors.add(cursor);
  }

  void remove(ChangeCursor<V> cursor) {
    cursors.remove(cursor);
  }

  /** Adds to what holding back the newest commits weighs. Commit section only. */
  void weigh(long sizeBytes) {
    backlog.add(sizeBytes);
  }

  /** Moves or revokes cursors that nobody uses just now. Commit section only. */
  void upkeep(long newestVersion) {
    if (cursors.isEmpty()) {
      return;
    }
    backlog.note(newestVersion);
    for (ChangeCursor<V> cursor : cursors) {
      cursor.upkeep(claimed -> backlog.since(claimed) > limitBytes);
    }
  }

  /** Lets whoever waits for readers to leave see that the idle ones hold on to nothing. */
  void renew() {
    cursors.forEach(ChangeCursor::renew);
  }
}
