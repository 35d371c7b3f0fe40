package io.khonsu.simulation;

import java.util.PriorityQueue;

/**
 * The order in which everything of a simulated world happens: by virtual time, and at equal times
 * in the order in which it was scheduled. Nothing else in a simulation knows time.
 */
final class Scheduler {
  /** The time between two ticks of a clock that goes right. */
  static final long TICK = 100;

  private record Event(long time, long sequence, Runnable action) implements Comparable<Event> {
    @Override
    public int compareTo(Event other) {
      int order = Long.compare(time, other.time);
      return order != 0 ? order : Long.compare(sequence, other.sequence);
    }
  }

  private final PriorityQueue<Event> events = new PriorityQueue<>();
  private long now;
  private long scheduled;

  /** {@return the time of what happens now} */
  long now() {
    return now;
  }

  /** Lets something happen {@code delay} after now; nothing can be before now. */
  void after(long delay, Runnable action) {
    if (delay < 0) {
      throw new IllegalArgumentException("delay must not be negative, but is " + delay);
    }
    events.add(new Event(now + delay, scheduled++, action));
  }

  /** {@return whether something happened: the next event, if it is no later than {@code end}} */
  boolean runNext(long end) {
    Event next = events.peek();
    if (next == null || next.time > end) {
      now = Math.max(now, end);
      return false;
    }
    events.poll();
    now = next.time;
    next.action.run();
    return true;
  }
}
