package io.khonsu.consensus;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The entries from {@link #start} to {@link #end}, as a ring of runs. Bytes count with what every
 * entry {@link Entries#OVERHEAD_BYTES costs beside them}.
 */
final class EntryLog {
  private Entries[] runs = new Entries[16];
  private long[] firstIndices = new long[16];

  /** For every run, how many bytes came before it. */
  private long[] bytesBefore = new long[16];

  private int head;
  private int size;
  private long start;
  private long end;
  private long bytesEnd;

  EntryLog(long start) {
    this.start = start;
    this.end = start;
  }

  /** {@return the index of the first entry} */
  long start() {
    return start;
  }

  /** {@return the index after the last entry} */
  long end() {
    return end;
  }

  /** {@return how many bytes of entries there are} */
  long sizeBytes() {
    return bytesEnd - bytesAt(start);
  }

  /** {@return the last run, or null if there is none} */
  @Nullable Entries last() {
    return size == 0 ? null : runs[place(size - 1)];
  }

  void append(Entries run) {
    if (run.count() == 0) {
      return;
    }
    if (size == runs.length) {
      grow();
    }
    int place = place(size++);
    runs[place] = run;
    firstIndices[place] = end;
    bytesBefore[place] = bytesEnd;
    end += run.count();
    bytesEnd += run.costBytes();
  }

  /** Drops the entries from {@code newEnd} on. */
  void truncate(long newEnd) {
    Invariants.check(newEnd >= start, "nothing compacted is overwritten");
    while (end > newEnd) {
      int place = place(size - 1);
      long first = firstIndices[place];
      Entries run = runs[place];
      bytesEnd -= run.costBytes();
      if (first < newEnd) {
        runs[place] = run.slice(0, (int) (newEnd - first));
        bytesEnd += runs[place].costBytes();
        end = newEnd;
      } else {
        drop(place);
        size--;
        end = first;
      }
    }
  }

  /** Drops the entries below {@code newStart}. */
  void trim(long newStart) {
    Invariants.check(newStart <= end, "only entries that exist are compacted");
    while (size > 0 && firstIndices[head] + runs[head].count() <= newStart) {
      drop(head);
      head = place(1);
      size--;
    }
    if (size > 0 && firstIndices[head] < newStart) {
      int cut = (int) (newStart - firstIndices[head]);
      Entries rest = runs[head].slice(cut, runs[head].count());
      bytesBefore[head] += runs[head].costBytes() - rest.costBytes();
      runs[head] = rest;
      firstIndices[head] = newStart;
    }
    start = Math.max(start, newStart);
  }

  /** Drops everything and begins anew at {@code index}. */
  void reset(long index) {
    Arrays.fill(runs, Entries.EMPTY);
    head = 0;
    size = 0;
    start = index;
    end = index;
    bytesEnd = 0;
  }

  /** {@return the entries from {@code from} to {@code to}, that excluded} */
  List<Entries> range(long from, long to) {
    return range(from, to, Long.MAX_VALUE);
  }

  /** {@return the same, but no more bytes than {@code limitBytes}, though at least one entry} */
  List<Entries> range(long from, long to, long limitBytes) {
    if (from < start || to > end || from > to) {
      throw new IndexOutOfBoundsException(
          "entries " + from + " to " + to + " of a log from " + start + " to " + end);
    }
    if (from == to) {
      return List.of();
    }
    int position = find(from);
    Entries slice = slice(position, from, to, limitBytes);
    long next = from + slice.count();
    if (next == to || next < firstIndices[place(position)] + runs[place(position)].count()) {
      return List.of(slice);
    }
    return more(slice, position + 1, next, to, limitBytes - slice.costBytes());
  }

  private List<Entries> more(Entries first, int position, long from, long to, long limitBytes) {
    List<Entries> range = new ArrayList<>();
    range.add(first);
    long next = from;
    long left = limitBytes;
    for (int i = position; next < to && left > 0; i++) {
      Entries run = runs[place(i)];
      if (run.costBytes(0) > left) {
        break;
      }
      Entries slice = slice(i, next, to, left);
      range.add(slice);
      next += slice.count();
      left -= slice.costBytes();
      if (next < firstIndices[place(i)] + run.count()) {
        break;
      }
    }
    return List.copyOf(range);
  }

  /** {@return how many bytes came before the entry at {@code index}, from some fixed point on} */
  long bytesAt(long index) {
    long kept = Math.max(index, start);
    if (kept >= end) {
      return bytesEnd;
    }
    int place = place(find(kept));
    int into = (int) (kept - firstIndices[place]);
    return bytesBefore[place] + (into == 0 ? 0 : runs[place].slice(0, into).costBytes());
  }

  private Entries slice(int position, long from, long to, long limitBytes) {
    int place = place(position);
    Entries run = runs[place];
    int begin = (int) (from - firstIndices[place]);
    int count = (int) Math.min(run.count() - begin, to - from);
    if (limitBytes < run.costBytes()) {
      count = Math.min(count, run.countWithin(begin, limitBytes));
    }
    return run.slice(begin, begin + count);
  }

  /** {@return the position of the run that has the entry at {@code index}} */
  private int find(long index) {
    int low = 0;
    int high = size - 1;
    if (firstIndices[place(high)] <= index) {
      return high;
    }
    while (low < high) {
      int middle = (low + high + 1) >>> 1;
      if (firstIndices[place(middle)] <= index) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }

  private int place(int position) {
    return (head + position) & (runs.length - 1);
  }

  private void drop(int place) {
    runs[place] = Entries.EMPTY;
  }

  private void grow() {
    int length = runs.length;
    Entries[] newRuns = Arrays.copyOf(runs, 2 * length);
    long[] newFirsts = new long[2 * length];
    long[] newBytes = new long[2 * length];
    for (int i = 0; i < size; i++) {
      newRuns[i] = runs[place(i)];
      newFirsts[i] = firstIndices[place(i)];
      newBytes[i] = bytesBefore[place(i)];
    }
    runs = newRuns;
    firstIndices = newFirsts;
    bytesBefore = newBytes;
    head = 0;
  }
}
