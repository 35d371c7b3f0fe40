package io.khonsu.simulation;

import static io.khonsu.simulation.InvariantViolation.violation;

import io.khonsu.consensus.Ballot;
import io.khonsu.consensus.Member;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The longest log that any replica had accepted in each ballot. All logs accepted in one ballot are
 * prefixes of it: its leader's.
 */
final class BallotLogs {
  private final SortedMap<Ballot, Chain> longest = new TreeMap<>();

  /** Takes note of a log, and compares it with those of the same ballot. */
  void accepted(Member member, Ballot ballot, Chain log) {
    Chain known = longest.computeIfAbsent(ballot, _ -> new Chain());
    int common = Math.min(known.length(), log.length());
    if (known.digest(common) != log.digest(common)) {
      throw violation(
          "I3 one log in a ballot",
          member,
          "accepted another entry",
          log.firstDifference(known),
          "in",
          ballot);
    }
    for (int i = known.length(); i < log.length(); i++) {
      known.append(log.entry(i));
    }
  }

  /** {@return how many ballots somebody accepted in} */
  int count() {
    return longest.size();
  }
}
