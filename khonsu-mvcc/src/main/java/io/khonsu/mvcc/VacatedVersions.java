package io.khonsu.mvcc;

import java.lang.invoke.VarHandle;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;

/**
 * Versions that twins have taken the places of, as long as someone may read them: whoever had a
 * snapshot open when they left their chains. Thread-safe.
 *
 * <p>The protocol is that of {@link ActiveSnapshots}: the twins are in their chains, <em>then</em>,
 * after a full fence, each slot is looked at. A reader whose claim is missed finds the twins. One
 * that is seen has gone when its slot has changed. A slot that was given back and claimed again at
 * the same version cannot be told from one that was held on to, and is waited for again: as long as
 * nobody commits, a reader that never pauses can keep old versions.
 */
final class VacatedVersions<V> {
  private final ActiveSnapshots active;
  private final Deque<Group<V>> waiting = new ArrayDeque<>();

  VacatedVersions(ActiveSnapshots active) {
    this.active = active;
  }

  /** Adds versions that have left their chains. */
  synchronized void add(List<Version<V>> versions) {
    if (!versions.isEmpty()) {
      VarHandle.fullFence();
      waiting.add(new Group<>(versions, active.words()));
    }
  }

  /** {@return those that nobody reads any more, once} */
  synchronized List<Version<V>> takeUnread() {
    if (waiting.isEmpty()) {
      return List.of();
    }
    List<Version<V>> unread = new ArrayList<>();
    long[] words = active.words();
    Iterator<Group<V>> groups = waiting.iterator();
    while (groups.hasNext()) {
      Group<V> group = groups.next();
      if (group.haveLeft(words)) {
        unread.addAll(group.versions);
        groups.remove();
      }
    }
    return unread;
  }

  /** {@return all of them, once} Nobody may read any more. */
  synchronized List<Version<V>> takeAll() {
    List<Version<V>> all = new ArrayList<>();
    waiting.forEach(group -> all.addAll(group.versions));
    waiting.clear();
    return all;
  }

  /** What was vacated at one time, and who read then and may still. */
  private static final class Group<V> {
    private final List<Version<V>> versions;
    private final long[] readers;

    private Group(List<Version<V>> versions, long[] readers) {
      this.versions = versions;
      this.readers = readers;
    }

    private boolean haveLeft(long[] words) {
      boolean all = true;
      for (int i = 0; i < readers.length; i++) {
        readers[i] = ActiveSnapshots.remaining(readers[i], words[i]);
        all &= readers[i] == ActiveSnapshots.FREE;
      }
      return all;
    }
  }
}
