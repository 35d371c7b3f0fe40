package io.khonsu.server.node;

import io.khonsu.distributed.ClusterConfig;
import java.math.BigInteger;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** How values are written in a configuration file. */
final class ConfigValues {
  private static final Pattern NUMBER_AND_UNIT = Pattern.compile("(\\d{1,18})([a-zA-Z]*)");
  private static final Map<String, Duration> TIMES =
      Map.of(
          "ms", Duration.ofMillis(1),
          "s", Duration.ofSeconds(1),
          "min", Duration.ofMinutes(1),
          "h", Duration.ofHours(1));
  private static final Map<String, Long> SIZES =
      Map.of("", 1L, "KiB", 1L << 10, "MiB", 1L << 20, "GiB", 1L << 30);
  private static final int PORT_MAX = 65_535;

  private ConfigValues() {}

  static long number(String text) {
    Matcher matcher = NUMBER_AND_UNIT.matcher(text);
    if (!matcher.matches() || !matcher.group(2).isEmpty()) {
      throw new IllegalArgumentException("it must be a whole number");
    }
    return Long.parseLong(text);
  }

  static long positive(String text) {
    long number = number(text);
    if (number < 1) {
      throw new IllegalArgumentException("it must be positive");
    }
    return number;
  }

  static Duration duration(String text) {
    Matcher matcher = NUMBER_AND_UNIT.matcher(text);
    Duration unit = matcher.matches() ? TIMES.get(matcher.group(2)) : null;
    if (unit == null) {
      throw new IllegalArgumentException("it must be a time, such as 500ms, 10s, 5min or 1h");
    }
    try {
      return unit.multipliedBy(Long.parseLong(matcher.group(1)));
    } catch (ArithmeticException e) {
      throw new IllegalArgumentException("it is too long", e);
    }
  }

  /** {@return a time that a node measures, which is not without end} */
  static Duration time(String text) {
    Duration time = duration(text);
    if (time.compareTo(ClusterConfig.Times.MAX) > 0) {
      throw new IllegalArgumentException(
          "it must be at most %dh".formatted(ClusterConfig.Times.MAX.toHours()));
    }
    return time;
  }

  static long sizeBytes(String text) {
    Matcher matcher = NUMBER_AND_UNIT.matcher(text);
    Long unit = matcher.matches() ? SIZES.get(matcher.group(2)) : null;
    if (unit == null) {
      throw new IllegalArgumentException("it must be a size, such as 65536, 64KiB, 64MiB or 4GiB");
    }
    BigInteger size = new BigInteger(matcher.group(1)).multiply(BigInteger.valueOf(unit));
    if (size.bitLength() >= Long.SIZE) {
      throw new IllegalArgumentException("it is too large");
    }
    return size.longValue();
  }

  static int count(String text) {
    long number = sizeBytes(text);
    if (number > Integer.MAX_VALUE) {
      throw new IllegalArgumentException("it must be less than 2GiB");
    }
    return (int) number;
  }

  /** {@return an address; a name is not looked up} */
  static InetSocketAddress address(String text) {
    int colon = text.lastIndexOf(':');
    String host = colon < 1 ? "" : text.substring(0, colon);
    if (host.startsWith("[") && host.endsWith("]")) {
      host = host.substring(1, host.length() - 1);
    }
    String port = text.substring(colon + 1);
    if (host.isBlank() || !port.matches("\\d{1,5}") || Integer.parseInt(port) > PORT_MAX) {
      throw new IllegalArgumentException("it must be HOST:PORT, such as 127.0.0.1:7001");
    }
    return InetSocketAddress.createUnresolved(host, Integer.parseInt(port));
  }

  /** {@return a time or a size as settings of a store are written, or the text as it is} */
  static String plain(String text) {
    Matcher matcher = NUMBER_AND_UNIT.matcher(text);
    if (matcher.matches() && TIMES.containsKey(matcher.group(2))) {
      return duration(text).toString();
    }
    return matcher.matches() && SIZES.containsKey(matcher.group(2))
        ? Long.toString(sizeBytes(text))
        : text;
  }
}
