package io.khonsu.server;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Seeds from the first to the last, both included. */
record Seeds(long first, long last) {
  private static final long SEEDS_MAX = 10_000_000;

  /** Reads {@code 7} and {@code 1..100}. */
  static final class Converter implements ITypeConverter<Seeds> {
    private static final Pattern RANGE = Pattern.compile("(-?\\d{1,18})(?:\\.\\.(-?\\d{1,18}))?");

    @Override
    public Seeds convert(String value) {
      Matcher matcher = RANGE.matcher(value);
      if (!matcher.matches()) {
        throw new TypeConversionException("expected a seed, or A..B, but was " + value);
      }
      long first = Long.parseLong(matcher.group(1));
      long last = matcher.group(2) == null ? first : Long.parseLong(matcher.group(2));
      if (last < first || last - first >= SEEDS_MAX) {
        throw new TypeConversionException(
            "A..B must be 1 to " + SEEDS_MAX + " seeds, the lower one first, but was " + value);
      }
      return new Seeds(first, last);
    }
  }
}
