package io.khonsu.backup;

import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a segment is called: enough to see from a listing which transactions are archived.
 *
 * @param number counts the segments of a timeline from 0, without gaps
 * @param after the version of the transaction before the first one in it, or 0
 * @param last the version of the last one in it
 * @param state whether it is finished
 */
record SegmentName(long number, long after, long last, State state) {
  /** Whether more transactions may come into a segment of this number. */
  enum State {
    PARTIAL(".partial"),
    COMPLETE(".seg");

    private final String suffix;

    State(String suffix) {
      this.suffix = suffix;
    }
  }

  private static final Pattern PATTERN =
      Pattern.compile("([0-9]{12})-([0-7][0-9a-f]{15})-([0-7][0-9a-f]{15})(\\.seg|\\.partial)");

  /** {@return the last part of an object's name taken apart, if it is one of a segment} */
  static Optional<SegmentName> parse(String text) {
    Matcher matcher = PATTERN.matcher(text);
    if (!matcher.matches()) {
      return Optional.empty();
    }
    return Optional.of(
        new SegmentName(
            Long.parseLong(matcher.group(1)),
            Long.parseLong(matcher.group(2), 16),
            Long.parseLong(matcher.group(3), 16),
            matcher.group(4).equals(State.COMPLETE.suffix) ? State.COMPLETE : State.PARTIAL));
  }

  /**
   * {@return what the names of all segments of a number begin with, and those of greater follow}
   */
  static String prefix(long number) {
    return String.format(Locale.ROOT, "%012d", number);
  }

  boolean isComplete() {
    return state == State.COMPLETE;
  }

  /** {@return whether this takes the place of another of the same number} */
  boolean supersedes(SegmentName other) {
    return isComplete() == other.isComplete() ? last > other.last : isComplete();
  }

  @Override
  public String toString() {
    return prefix(number) + '-' + Layout.hex(after) + '-' + Layout.hex(last) + state.suffix;
  }
}
