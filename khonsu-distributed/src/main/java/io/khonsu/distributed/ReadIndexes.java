package io.khonsu.distributed;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.LongConsumer;

/**
 * Reads that wait until what they must see is applied. All that come while one is asked for share
 * the next question. Those that may be stale need none if another read was served that had been
 * asked for not too long ago: what was acknowledged before that is applied here. Event loop only.
 */
final class ReadIndexes {
  /** What a read's owner is told, once. */
  interface Owner {
    /** All that it must see is applied. */
    void ready();

    /** That could not be found out in time. */
    void gaveUp();
  }

  private static final class Read {
    private final Owner owner;
    private final long deadlineNanos;
    private final long stalenessNanosMax;

    /** Whether it was looked at when its call had been made. */
    private boolean isDue;

    /** The question that it is part of, or 0. */
    private long question;

    /** What must be applied; the greatest long while that is not known. */
    private long index = Long.MAX_VALUE;

    /** When that question was asked. */
    private long askedNanos;

    private Read(Owner owner, long deadlineNanos, long stalenessNanosMax) {
      this.owner = owner;
      this.deadlineNanos = deadlineNanos;
      this.stalenessNanosMax = stalenessNanosMax;
      this.isDue = stalenessNanosMax == 0;
    }
  }

  private final long timeoutNanos;
  private final List<Read> reads = new ArrayList<>();
  private long questions;
  private long open;

  /** Whether an answer was refused since the last tick: asked at once, it would be again. */
  private boolean isRefused;

  /** Whether a read was ever served, and when the latest of their questions was asked. */
  private boolean wasCurrent;

  private long currentNanos;

  ReadIndexes(long timeoutNanos) {
    this.timeoutNanos = timeoutNanos;
  }

  void add(long nowNanos, long stalenessNanosMax, Owner owner) {
    reads.add(new Read(owner, nowNanos + timeoutNanos, stalenessNanosMax));
  }

  /**
   * A turn begins: serves the reads of the one before that may be as stale as this node is. Only
   * now is it known that their calls are not younger than the clock says.
   */
  void begin(long nowNanos) {
    List<Read> served = new ArrayList<>();
    for (Read read : reads) {
      if (!read.isDue) {
        read.isDue = true;
        if (wasCurrent && nowNanos - currentNanos <= read.stalenessNanosMax) {
          served.add(read);
        }
      }
    }
    reads.removeAll(served);
    served.forEach(read -> read.owner.ready());
  }

  /** {@return how many reads wait} */
  int count() {
    return reads.size();
  }

  /** Asks, by a number, for those that are not part of a question yet. */
  void ask(long nowNanos, LongConsumer replica) {
    boolean any = false;
    if (open == 0 && !isRefused) {
      long next = questions + 1;
      for (Read read : reads) {
        if (read.question == 0 && read.isDue) {
          read.question = next;
          read.askedNanos = nowNanos;
          any = true;
        }
      }
    }
    if (any) {
      open = ++questions;
      replica.accept(open);
    }
  }

  /** The answer: so much must be applied. */
  void ready(List<Long> ids, long index) {
    for (Read read : reads) {
      if (ids.contains(read.question)) {
        read.index = Math.min(read.index, index);
      }
    }
    closeQuestion(ids);
  }

  /** No answer: to be asked again, after the next tick. */
  void rejected(List<Long> ids) {
    isRefused = true;
    for (Read read : reads) {
      if (ids.contains(read.question) && read.index == Long.MAX_VALUE) {
        read.question = 0;
      }
    }
    closeQuestion(ids);
  }

  private void closeQuestion(List<Long> ids) {
    if (ids.contains(open)) {
      open = 0;
    }
  }

  /** Lets all be served without an answer, as a planted defect does. */
  void readyAll(long nowNanos, long index) {
    for (Read read : reads) {
      read.index = index;
      read.askedNanos = nowNanos;
    }
  }

  /** Serves what so many applied entries are enough for. */
  void applied(long appliedIndex) {
    List<Read> served = new ArrayList<>();
    Iterator<Read> all = reads.iterator();
    while (all.hasNext()) {
      Read read = all.next();
      if (read.index <= appliedIndex) {
        all.remove();
        served.add(read);
        if (!wasCurrent || read.askedNanos - currentNanos > 0) {
          wasCurrent = true;
          currentNanos = read.askedNanos;
        }
      }
    }
    served.forEach(read -> read.owner.ready());
  }

  /** Gives up what has waited for too long. */
  void expire(long nowNanos) {
    isRefused = false;
    giveUp(reads.stream().filter(read -> nowNanos - read.deadlineNanos >= 0).toList());
  }

  /** Gives up everything. */
  void close() {
    giveUp(List.copyOf(reads));
  }

  private void giveUp(List<Read> late) {
    reads.removeAll(late);
    late.forEach(read -> read.owner.gaveUp());
  }
}
