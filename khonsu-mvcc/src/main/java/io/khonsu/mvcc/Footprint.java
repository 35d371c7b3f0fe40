package io.khonsu.mvcc;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What {@link SerialSafetyNet} must know of a committed transaction besides its writes: what it
 * read, and how early it has its place. Its record carries it.
 *
 * @param items items read, present or not, and those it wanted to write but left as they were
 * @param ranges ranges read, whatever the predicate
 * @param place the version of the earliest transaction that must come after this one, or the
 *     greatest long
 */
@SuppressWarnings("ArrayRecordComponent") // handed over, never compared
record Footprint(Key[] items, KeyInterval[] ranges, long place) {

  static Footprint of(ReadSet<?> reads) {
    Key[] guards = reads.guards();
    int count = reads.itemCount();
    Key[] items = new Key[count + guards.length];
    for (int i = 0; i < count; i++) {
      items[i] = reads.item(i);
    }
    System.arraycopy(guards, 0, items, count, guards.length);
    KeyInterval[] ranges = new KeyInterval[reads.rangeCount()];
    Arrays.setAll(ranges, i -> reads.range(i).interval());
    return new Footprint(items, ranges, Long.MAX_VALUE);
  }

  Footprint plus(List<Key> more) {
    Key[] all = Arrays.copyOf(items, items.length + more.size());
    for (int i = 0; i < more.size(); i++) {
      all[items.length + i] = more.get(i);
    }
    return new Footprint(all, ranges, place);
  }

  Footprint placed(long earliest) {
    return new Footprint(items, ranges, earliest);
  }

  /** {@return an item that was read here and is written there, or null} */
  @Nullable Key readOf(WriteSet<?> writes) {
    for (Key item : items) {
      if (writes.find(item) >= 0) {
        return item;
      }
    }
    for (KeyInterval range : ranges) {
      for (int i = 0; i < writes.size(); i++) {
        if (range.contains(writes.key(i))) {
          return writes.key(i);
        }
      }
    }
    return null;
  }
}
