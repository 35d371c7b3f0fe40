package io.khonsu.server.demo;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What the demo did and found.
 *
 * @param settings what it was asked for
 * @param load how the tables were filled
 * @param work how the threads fared
 * @param liveAudits the snapshots taken while they were at work
 * @param audit of all data when they had ended
 * @param conflicts one for each strategy
 * @param rollback a transaction that was undone
 * @param timeTravel a look at the past
 */
public record DemoReport(
    DemoSettings settings,
    Load load,
    Work work,
    LiveAudits liveAudits,
    Audit audit,
    List<Collision> conflicts,
    Rollback rollback,
    TimeTravel timeTravel) {

  /** How the tables were filled: so many rows, each table by one transaction. */
  public record Load(long flights, long airports, long minutes, long nanos) {}

  /**
   * How the threads fared.
   *
   * @param retries how often a transaction was run again
   * @param aborts why, by the type of the conflict
   */
  public record Work(long nanos, long transactions, long retries, Map<String, Long> aborts) {
    /** Copies the map. */
    public Work {
      aborts = new LinkedHashMap<>(aborts);
    }

    /** {@return transactions in a second} */
    public long transactionsPerSecond() {
      return Math.round(transactions * 1e9 / nanos);
    }
  }

  /** How many snapshots were added up while threads were at work, and how many were wrong. */
  public record LiveAudits(int snapshots, int wrong) {}

  /**
   * A conflict and what became of it.
   *
   * @param type what collided, or NONE
   * @param isCommitted whether the transaction that had the strategy was committed
   * @param notices what stands there in the end
   * @param isAsPromised whether that is what the strategy promises
   */
  public record Collision(
      String strategy,
      String type,
      boolean isCommitted,
      List<String> notices,
      boolean isAsPromised) {
    /** Copies the list. */
    public Collision {
      notices = List.copyOf(notices);
    }
  }

  /** A transaction that deleted flights, saw so many left, and was undone. */
  public record Rollback(long deleted, long seenInside, long seenAfter) {}

  /**
   * One airport's minutes, then and now.
   *
   * @param airport its code
   * @param version that was travelled to
   * @param minutesThen its minutes at that version
   * @param minutesNow its minutes at the end
   * @param agoNanos how long ago the version was the newest
   * @param isUnchanged whether all minutes at that version are still those that were seen then
   * @param instantHolds whether the snapshot of that instant is not older, and adds up
   */
  public record TimeTravel(
      String airport,
      long version,
      long minutesThen,
      long minutesNow,
      long agoNanos,
      boolean isUnchanged,
      boolean instantHolds) {}

  /** Copies the list. */
  public DemoReport {
    conflicts = List.copyOf(conflicts);
  }

  /** {@return whether no minute was lost or invented, at any time} */
  public boolean invariantHolds() {
    return audit.flights() == load.flights
        && audit.flightMinutes() == load.minutes
        && audit.airportMinutes() == load.minutes
        && audit.wrongAirports() == 0
        && liveAudits.wrong == 0;
  }

  /** {@return whether everything was as it should be} */
  public boolean holds() {
    return invariantHolds()
        && conflicts.stream().allMatch(Collision::isAsPromised)
        && rollback.seenInside == load.flights - rollback.deleted
        && rollback.seenAfter == load.flights
        && timeTravel.isUnchanged
        && timeTravel.instantHolds;
  }
}
