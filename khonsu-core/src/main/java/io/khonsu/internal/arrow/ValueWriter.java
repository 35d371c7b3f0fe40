package io.khonsu.internal.arrow;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.Period;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.Arrays;
import java.util.UUID;
import org.apache.arrow.vector.PeriodDuration;
import org.apache.arrow.vector.extension.UuidType;
import org.apache.arrow.vector.types.TimeUnit;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.jspecify.annotations.Nullable;

/**
 * Java values as the bytes of fixed-width and var-width slots. Times finer than the unit of their
 * column are rounded down to it; nothing else is rounded except doubles to narrower floats.
 */
final class ValueWriter {
  private static final long MILLIS_PER_DAY = 86_400_000;

  private ValueWriter() {}

  /** Writes {@code layout.width} bytes to {@code target}. */
  static void writeFixed(Layout layout, Object value, byte[] target, int at) {
    try {
      switch (layout.type) {
        case ArrowType.Int type ->
            LittleEndian.put(target, at, layout.width, integer(layout, type, value));
        case ArrowType.FloatingPoint _ -> writeFloat(layout, value, target, at);
        case ArrowType.Decimal type -> writeDecimal(layout, type, value, target, at);
        case ArrowType.Interval type -> writeInterval(layout, type, value, target, at);
        case ArrowType.FixedSizeBinary _ -> {
          byte[] bytes = fixedBytes(layout, value);
          System.arraycopy(bytes, 0, target, at, bytes.length);
        }
        default -> LittleEndian.put(target, at, layout.width, temporal(layout, value));
      }
    } catch (ArithmeticException | DateTimeException _) {
      throw wrong(layout, "a value in the range of its type", value);
    }
  }

  /** {@return the bytes of a value of a utf8 or binary column} */
  static byte[] varBytes(Layout layout, Object value) {
    if (layout.utf8) {
      if (!(value instanceof String text)) {
        throw wrong(layout, "a String", value);
      }
      if (hasUnpairedSurrogate(text)) {
        throw wrong(layout, "a String without unpaired surrogates", value);
      }
      return text.getBytes(StandardCharsets.UTF_8);
    }
    return switch (value) {
      case byte[] bytes -> bytes;
      case ByteBuffer buffer -> remaining(buffer);
      default -> throw wrong(layout, "a byte[] or ByteBuffer", value);
    };
  }

  static IllegalArgumentException wrong(Layout layout, String expected, @Nullable Object value) {
    String shown = value == null ? "null" : value.getClass().getName() + " " + abbreviated(value);
    return new IllegalArgumentException(
        "column '"
            + layout.path
            + "' of type "
            + layout.field.getType()
            + " takes "
            + expected
            + ", got "
            + shown);
  }

  private static String abbreviated(Object value) {
    String text = value instanceof byte[] bytes ? Arrays.toString(bytes) : value.toString();
    return text.length() <= 80 ? text : text.substring(0, 80) + "...";
  }

  private static long integer(Layout layout, ArrowType.Int type, Object value) {
    int bits = type.getBitWidth();
    if (value instanceof BigInteger big && !type.getIsSigned() && bits == 64) {
      if (big.signum() < 0 || big.bitLength() > 64) {
        throw wrong(layout, "a number from 0 to 2^64 - 1", value);
      }
      return big.longValue();
    }
    long number = whole(layout, value);
    long max = bits == 64 ? Long.MAX_VALUE : max(type);
    long min = type.getIsSigned() ? -max - 1 : 0;
    if (number < min || number > max) {
      throw wrong(layout, "a number from " + min + " to " + max, value);
    }
    return number;
  }

  private static long max(ArrowType.Int type) {
    return (1L << (type.getIsSigned() ? type.getBitWidth() - 1 : type.getBitWidth())) - 1;
  }

  private static long whole(Layout layout, Object value) {
    return switch (value) {
      case Long number -> number;
      case Integer number -> number;
      case Short number -> number;
      case Byte number -> number;
      case BigInteger number -> number.longValueExact();
      default -> throw wrong(layout, "a whole number", value);
    };
  }

  private static void writeFloat(Layout layout, Object value, byte[] target, int at) {
    double number =
        switch (value) {
          case Double real -> real;
          case Float real -> real;
          case Integer whole -> whole;
          case Short whole -> whole;
          case Byte whole -> whole;
          case Long whole when (long) (double) whole == whole -> whole;
          default -> throw wrong(layout, "a Float, a Double or a whole number", value);
        };
    if (layout.width == 8) {
      LittleEndian.putLong(target, at, Double.doubleToRawLongBits(number));
      return;
    }
    float single = (float) number;
    short half = Float.floatToFloat16(single);
    float kept = layout.width == 4 ? single : Float.float16ToFloat(half);
    if (Float.isInfinite(kept) && !Double.isInfinite(number)) {
      throw wrong(layout, "a number in the range of its type", value);
    }
    if (layout.width == 4) {
      LittleEndian.putInt(target, at, Float.floatToRawIntBits(single));
    } else {
      LittleEndian.putShort(target, at, half);
    }
  }

  private static void writeDecimal(
      Layout layout, ArrowType.Decimal type, Object value, byte[] target, int at) {
    BigDecimal decimal =
        switch (value) {
          case BigDecimal number -> number;
          case BigInteger number -> new BigDecimal(number);
          case Long number -> BigDecimal.valueOf(number);
          case Integer number -> BigDecimal.valueOf(number);
          default -> throw wrong(layout, "a BigDecimal", value);
        };
    BigInteger unscaled;
    if (Math.abs((long) decimal.scale() - type.getScale()) > 1_000 && decimal.signum() != 0) {
      throw wrong(layout, "a number in the range of its type", value);
    }
    try {
      unscaled =
          decimal.signum() == 0
              ? BigInteger.ZERO
              : decimal.setScale(type.getScale()).unscaledValue();
    } catch (ArithmeticException _) {
      throw wrong(layout, "at most " + type.getScale() + " digits after the point", value);
    }
    if (unscaled.abs().toString().length() > type.getPrecision()) {
      throw wrong(layout, "at most " + type.getPrecision() + " digits", value);
    }
    byte[] bigEndian = unscaled.toByteArray();
    Arrays.fill(target, at, at + layout.width, (byte) (unscaled.signum() < 0 ? -1 : 0));
    for (int i = 0; i < bigEndian.length; i++) {
      target[at + i] = bigEndian[bigEndian.length - 1 - i];
    }
  }

  @SuppressWarnings("JavaPeriodGetDays") // The months are taken too.
  private static void writeInterval(
      Layout layout, ArrowType.Interval type, Object value, byte[] target, int at) {
    PeriodDuration both =
        switch (value) {
          case PeriodDuration interval -> interval;
          case Period period -> new PeriodDuration(period, Duration.ZERO);
          case Duration duration -> new PeriodDuration(Period.ZERO, duration);
          default -> throw wrong(layout, "a Period, a Duration or a PeriodDuration", value);
        };
    int months = Math.toIntExact(both.getPeriod().toTotalMonths());
    int days = both.getPeriod().getDays();
    Duration time = both.getDuration();
    switch (type.getUnit()) {
      case YEAR_MONTH -> {
        if (days != 0 || !time.isZero()) {
          throw wrong(layout, "years and months only", value);
        }
        LittleEndian.putInt(target, at, months);
      }
      case DAY_TIME -> {
        if (months != 0) {
          throw wrong(layout, "days and milliseconds only", value);
        }
        boolean plain = value instanceof Duration;
        long wholeDays = plain ? time.toDays() : 0;
        long millis = Math.subtractExact(time.toMillis(), wholeDays * MILLIS_PER_DAY);
        LittleEndian.putInt(target, at, Math.toIntExact(days + wholeDays));
        LittleEndian.putInt(target, at + 4, Math.toIntExact(millis));
      }
      case MONTH_DAY_NANO -> {
        LittleEndian.putInt(target, at, months);
        LittleEndian.putInt(target, at + 4, days);
        LittleEndian.putLong(target, at + 8, time.toNanos());
      }
    }
  }

  private static byte[] fixedBytes(Layout layout, Object value) {
    byte[] bytes =
        switch (value) {
          case byte[] array -> array;
          case ByteBuffer buffer -> remaining(buffer);
          case UUID uuid when layout.field.getType() instanceof UuidType ->
              ByteBuffer.allocate(16)
                  .putLong(uuid.getMostSignificantBits())
                  .putLong(uuid.getLeastSignificantBits())
                  .array();
          default -> throw wrong(layout, "a UUID if it is one, a byte[] or a ByteBuffer", value);
        };
    if (bytes.length != layout.width) {
      throw wrong(layout, layout.width + " bytes and not " + bytes.length, value);
    }
    return bytes;
  }

  private static long temporal(Layout layout, Object value) {
    return switch (layout.type) {
      case ArrowType.Date _ -> {
        if (!(value instanceof LocalDate date)) {
          throw wrong(layout, "a LocalDate", value);
        }
        long days = date.toEpochDay();
        yield layout.width == 4 ? Math.toIntExact(days) : Math.multiplyExact(days, MILLIS_PER_DAY);
      }
      case ArrowType.Time type -> {
        if (!(value instanceof LocalTime time)) {
          throw wrong(layout, "a LocalTime", value);
        }
        yield time.toNanoOfDay() / (1_000_000_000 / ValueReader.unitsPerSecond(type.getUnit()));
      }
      case ArrowType.Timestamp type -> timestamp(layout, type, value);
      case ArrowType.Duration type -> {
        if (!(value instanceof Duration duration)) {
          throw wrong(layout, "a Duration", value);
        }
        yield units(type.getUnit(), duration.getSeconds(), duration.getNano());
      }
      default -> throw wrong(layout, "no Java value", value);
    };
  }

  private static long timestamp(Layout layout, ArrowType.Timestamp type, Object value) {
    boolean zoned = type.getTimezone() != null && !type.getTimezone().isEmpty();
    Instant instant =
        switch (value) {
          case LocalDateTime local when !zoned -> local.toInstant(ZoneOffset.UTC);
          case Instant point when zoned -> point;
          case ZonedDateTime point when zoned -> point.toInstant();
          case OffsetDateTime point when zoned -> point.toInstant();
          default ->
              throw wrong(
                  layout,
                  zoned ? "an Instant, a ZonedDateTime or an OffsetDateTime" : "a LocalDateTime",
                  value);
        };
    return units(type.getUnit(), instant.getEpochSecond(), instant.getNano());
  }

  private static long units(TimeUnit unit, long seconds, int nanos) {
    long perSecond = ValueReader.unitsPerSecond(unit);
    long fraction = nanos / (1_000_000_000 / perSecond);
    // Counted up from the next second, the least value of the type does not overflow on its way.
    return seconds < 0
        ? Math.addExact(Math.multiplyExact(seconds + 1, perSecond), fraction - perSecond)
        : Math.addExact(Math.multiplyExact(seconds, perSecond), fraction);
  }

  private static byte[] remaining(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.get(buffer.position(), bytes);
    return bytes;
  }

  private static boolean hasUnpairedSurrogate(String text) {
    for (int i = 0; i < text.length(); i++) {
      char unit = text.charAt(i);
      if (Character.isHighSurrogate(unit)
          && i + 1 < text.length()
          && Character.isLowSurrogate(text.charAt(i + 1))) {
        i++;
      } else if (Character.isSurrogate(unit)) {
        return true;
      }
    }
    return false;
  }
}
