package io.khonsu.simulation;

import static io.khonsu.simulation.InvariantViolation.violation;

import io.khonsu.consensus.Ballot;
import io.khonsu.consensus.Configuration;
import io.khonsu.consensus.Member;
import io.khonsu.consensus.StopSign;
import java.util.Arrays;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What the cluster has chosen, seen from above: an entry is chosen once a quorum has it on disk in
 * one ballot, whether anybody knows or not. Replicas may decide only what is chosen.
 */
final class ChosenLog {
  /** A configuration and the indices that it decides. */
  static final class Reign {
    final Configuration configuration;
    final int start;

    /** Behind its stop-sign; the largest number until that is chosen. */
    int end = Integer.MAX_VALUE;

    Reign(Configuration configuration, int start) {
      this.configuration = configuration;
      this.start = start;
    }
  }

  private final Payload payload;
  private final Chain chosen = new Chain();
  private final SortedMap<Long, Reign> reigns = new TreeMap<>();
  private final SortedMap<Ballot, int[]> accepted = new TreeMap<>();

  /** How many entries each ballot has chosen, counted from the beginning of the log. */
  private final SortedMap<Ballot, Integer> chosenIn = new TreeMap<>();

  ChosenLog(Payload payload, Configuration first) {
    this.payload = payload;
    reigns.put(first.id(), new Reign(first, 0));
  }

  Chain entries() {
    return chosen;
  }

  /** {@return the configuration whose end is not chosen} */
  Reign newest() {
    return reign(reigns.lastKey());
  }

  /** {@return the configuration of this id, which must have been chosen} */
  Reign reign(long configuration) {
    Reign reign = reigns.get(configuration);
    if (reign == null) {
      throw new InvariantViolation(
          "I7 sealed log", "configuration " + configuration + " was never decided");
    }
    return reign;
  }

  /** Takes note that a member has its log, accepted in {@code ballot}, on disk. */
  void durablyAccepted(Member member, Ballot ballot, Chain log) {
    if (!ballot.hasLeader()) {
      return;
    }
    Reign reign = reign(ballot.configuration());
    Configuration configuration = reign.configuration;
    int slot = configuration.members().indexOf(member);
    if (slot < 0) {
      throw violation("membership", member, "accepts in", ballot, "but is not in", configuration);
    }
    int[] lengths = accepted.computeIfAbsent(ballot, _ -> new int[configuration.members().size()]);
    if (log.length() < lengths[slot]) {
      throw violation(
          "I4 no shrink in a ballot",
          member,
          "had",
          lengths[slot],
          "entries on disk in",
          ballot,
          "and has",
          log.length());
    }
    lengths[slot] = log.length();
    int[] sorted = lengths.clone();
    Arrays.sort(sorted);
    int onQuorum = sorted[sorted.length - configuration.quorums().accept()];
    int index = Math.min(onQuorum, log.length());
    chosenIn.merge(ballot, index, Math::max);
    choose(reign, ballot, log, index);
  }

  private void choose(Reign reign, Ballot ballot, Chain log, int index) {
    int common = Math.min(index, chosen.length());
    if (log.digest(common) != chosen.digest(common)) {
      throw violation(
          "SC2 agreement",
          "entry",
          log.firstDifference(chosen),
          "is chosen again, differently, in",
          ballot);
    }
    for (int i = chosen.length(); i < index; i++) {
      if (i >= reign.end) {
        throw violation("I7 sealed log", "entry", i, "is chosen behind the stop-sign in", ballot);
      }
      chosen.append(log.entry(i));
      if (Payload.isStopSign(log.entry(i))) {
        end(reign, payload.stopSign(log.entry(i)), i + 1);
      }
    }
  }

  private void end(Reign reign, StopSign stopSign, int end) {
    Configuration next = stopSign.next();
    if (!(next.id() > reign.configuration.id())) {
      throw violation(
          "I7 sealed log", "configuration", next.id(), "follows", reign.configuration.id());
    }
    reign.end = end;
    reigns.put(next.id(), new Reign(next, end));
  }

  /** Checks that what a replica has decided is chosen. */
  void checkDecided(Member member, Chain applied) {
    int length = applied.length();
    if (length > chosen.length()) {
      throw violation(
          "SC2 agreement",
          member,
          "decided",
          length,
          "entries, but only",
          chosen.length(),
          "are on a quorum's disks");
    }
    if (applied.digest(length) != chosen.digest(length)) {
      throw violation(
          "SC2 agreement", member, "decided another entry", applied.firstDifference(chosen));
    }
  }

  /** Checks that a new leader has everything that lower ballots have chosen. */
  void checkLeader(Member member, Ballot ballot, Chain log) {
    Reign reign = reign(ballot.configuration());
    if (!reign.configuration.members().contains(member)) {
      throw violation(
          "membership", member, "leads in", ballot, "but is not in", reign.configuration);
    }
    int needed =
        chosenIn.headMap(ballot).values().stream().mapToInt(Integer::intValue).max().orElse(0);
    if (log.length() < needed) {
      throw violation(
          "I5 chosen stays chosen",
          member,
          "leads in",
          ballot,
          "with",
          log.length(),
          "entries, but",
          needed,
          "are chosen");
    }
    if (log.digest(needed) != chosen.digest(needed)) {
      throw violation(
          "I5 chosen stays chosen",
          member,
          "leads in",
          ballot,
          "with another entry",
          log.firstDifference(chosen));
    }
  }
}
