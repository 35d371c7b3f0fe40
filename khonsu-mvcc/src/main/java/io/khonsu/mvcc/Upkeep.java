package io.khonsu.mvcc;

import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What is done to a {@link TxnBuffer} besides transactions: old versions go, values get another
 * place, intervals are emptied.
 *
 * @param <V> the type of values
 */
final class Upkeep<V> {
  private final TxnBuffer<V> buffer;
  private final OrderedIndex<V> ordered;
  private final VacatedVersions<V> vacated;

  Upkeep(TxnBuffer<V> buffer, OrderedIndex<V> ordered, ActiveSnapshots active) {
    this.buffer = buffer;
    this.ordered = ordered;
    this.vacated = new VacatedVersions<>(active);
  }

  void collect() {
    buffer.section().enterForUpkeep();
    try {
      buffer.collector().workAll();
    } finally {
      buffer.leave();
    }
    reclaim();
  }

  int relocate(List<? extends Key> keys, List<Version<V>> versions, V value) {
    if (keys.size() != versions.size()) {
      throw new IllegalArgumentException(keys.size() + " keys, " + versions.size() + " versions");
    }
    for (Version<V> version : versions) {
      if (version.value() == null) {
        throw new IllegalArgumentException(
            "a version without a value cannot be moved, version " + version.version());
      }
    }
    return new Relocating<>(buffer, vacated, keys, versions, value).run();
  }

  void reclaim() {
    buffer.collector().followers().renew();
    vacated.takeUnread().forEach(this::vacate);
  }

  private void vacate(Version<V> version) {
    buffer.options().lifecycle().vacated(version.requireValue(), version.index());
  }

  boolean purge(KeyInterval interval, long since) {
    buffer.section().enterForUpkeep();
    try {
      if (!buffer.collector().isPast(since)) {
        return false;
      }
    } finally {
      buffer.leave();
    }
    eachBlock(interval, buffer.collector()::purge);
    return true;
  }

  void clear() {
    vacated.takeAll().forEach(this::vacate);
    eachBlock(new KeyInterval(Key.of(new byte[0]), null), buffer.collector()::retireAll);
  }

  /** Does something to the chains of an interval, so many at a time that commits come between. */
  private void eachBlock(KeyInterval interval, Consumer<Chain<V>> action) {
    OrderedIndex.@Nullable Content<V> content = ordered.contentAt(interval.from());
    while (content != null) {
      buffer.section().enterForUpkeep();
      try {
        for (int i = 0; i < content.count; i++) {
          if (interval.contains(content.chains[i])) {
            action.accept(content.chains[i]);
          }
        }
      } finally {
        buffer.leave();
      }
      Key high = content.high();
      boolean isDone =
          high == null || (interval.to() != null && high.compareTo(interval.to()) >= 0);
      content = isDone ? null : content.next();
    }
  }
}
