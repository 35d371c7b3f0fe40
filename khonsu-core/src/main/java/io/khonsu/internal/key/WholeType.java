package io.khonsu.internal.key;

import io.khonsu.Literal;
import io.khonsu.internal.arrow.ColumnView;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.util.Optional;
import org.apache.arrow.vector.types.DateUnit;
import org.apache.arrow.vector.types.TimeUnit;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;

/**
 * Columns whose cells are whole numbers: integers, booleans, dates, times, timestamps, durations.
 *
 * <p>A date, time, timestamp or duration may be given as its Java value, if that is a whole number
 * of the column's unit, or as that number.
 *
 * @param sizeBytes 1, 2, 4 or 8
 * @param signed whether cells are signed; booleans and unsigned integers are not
 * @param unitsPerSecond of times, timestamps and durations, and of dates in milliseconds; else 1
 */
record WholeType(Field field, Meaning meaning, int sizeBytes, boolean signed, long unitsPerSecond)
    implements ColumnType.OrderedLong {
  private static final long NANOS_PER_SECOND = 1_000_000_000L;
  private static final long MILLIS_PER_SECOND = 1_000L;
  private static final long SECONDS_PER_DAY = 86_400L;

  /** What the number counts. */
  enum Meaning {
    INTEGER("a whole number"),
    BOOLEAN("a Boolean"),
    DATE_DAYS("a LocalDate, or a number of days"),
    DATE_MILLIS("a LocalDate, a LocalDateTime in whole milliseconds, or a number of milliseconds"),
    TIME("a LocalTime"),
    TIMESTAMP("a LocalDateTime"),
    INSTANT("an Instant"),
    DURATION("a Duration");

    private final String expected;

    Meaning(String expected) {
      this.expected = expected;
    }
  }

  static Optional<ColumnType> of(Field field, ArrowType type) {
    WholeType result =
        switch (type) {
          case ArrowType.Int number ->
              new WholeType(
                  field, Meaning.INTEGER, number.getBitWidth() / 8, number.getIsSigned(), 1);
          case ArrowType.Bool _ -> new WholeType(field, Meaning.BOOLEAN, 1, false, 1);
          case ArrowType.Date date when date.getUnit() == DateUnit.DAY ->
              new WholeType(field, Meaning.DATE_DAYS, 4, true, 1);
          case ArrowType.Date _ ->
              new WholeType(field, Meaning.DATE_MILLIS, 8, true, MILLIS_PER_SECOND);
          case ArrowType.Time time ->
              new WholeType(
                  field, Meaning.TIME, time.getBitWidth() / 8, true, perSecond(time.getUnit()));
          case ArrowType.Timestamp stamp ->
              new WholeType(
                  field,
                  stamp.getTimezone() == null ? Meaning.TIMESTAMP : Meaning.INSTANT,
                  8,
                  true,
                  perSecond(stamp.getUnit()));
          case ArrowType.Duration duration ->
              new WholeType(field, Meaning.DURATION, 8, true, perSecond(duration.getUnit()));
          default -> null;
        };
    return Optional.ofNullable(result);
  }

  private static long perSecond(TimeUnit unit) {
    return switch (unit) {
      case SECOND -> 1;
      case MILLISECOND -> MILLIS_PER_SECOND;
      case MICROSECOND -> 1_000_000;
      case NANOSECOND -> NANOS_PER_SECOND;
    };
  }

  @Override
  public long ordered(ColumnView column, int row) {
    return column.getLong(row) ^ orderFlip();
  }

  @Override
  public long ordered(Literal constant) {
    return raw(constant) ^ orderFlip();
  }

  /** {@return whether cells are unsigned and fill a long} */
  boolean isUnsignedLong() {
    return !signed && sizeBytes == Long.BYTES;
  }

  private long orderFlip() {
    return isUnsignedLong() ? Long.MIN_VALUE : 0;
  }

  /** {@return the cell that holds {@code constant}, as {@link ColumnView#getLong} would read it} */
  long raw(Literal constant) {
    Object value = constant.value();
    return switch (value) {
      case Boolean truth when meaning == Meaning.BOOLEAN -> truth ? 1 : 0;
      case Long number when meaning != Meaning.BOOLEAN -> inRange(number, constant);
      case BigDecimal number when isUnsignedLong() -> unsigned(number, constant);
      default -> inRange(temporal(value, constant), constant);
    };
  }

  /** {@return the value of a cell, a plain number where no Java date or time can be that} */
  Object value(long raw) {
    try {
      return switch (meaning) {
        case INTEGER ->
            isUnsignedLong() ? new BigInteger(Long.toUnsignedString(raw)) : (Object) raw;
        case BOOLEAN -> raw != 0;
        case DATE_DAYS -> LocalDate.ofEpochDay(raw);
        case DATE_MILLIS -> {
          LocalDateTime moment =
              LocalDateTime.ofEpochSecond(seconds(raw), nanos(raw), ZoneOffset.UTC);
          yield moment.toLocalTime().equals(LocalTime.MIDNIGHT) ? moment.toLocalDate() : moment;
        }
        case TIME ->
            seconds(raw) < 0 || seconds(raw) >= SECONDS_PER_DAY
                ? (Object) raw
                : LocalTime.ofNanoOfDay(seconds(raw) * NANOS_PER_SECOND + nanos(raw));
        case TIMESTAMP -> LocalDateTime.ofEpochSecond(seconds(raw), nanos(raw), ZoneOffset.UTC);
        case INSTANT -> Instant.ofEpochSecond(seconds(raw), nanos(raw));
        case DURATION -> Duration.ofSeconds(seconds(raw), nanos(raw));
      };
    } catch (DateTimeException _) {
      return raw;
    }
  }

  @Override
  public String expected() {
    return switch (meaning) {
      case INTEGER -> meaning.expected + " from " + least() + " to " + greatest();
      case BOOLEAN, DATE_DAYS, DATE_MILLIS -> meaning.expected;
      case TIME, TIMESTAMP, INSTANT, DURATION -> {
        String named =
            switch ((int) unitsPerSecond) {
              case 1 -> "seconds";
              case 1_000 -> "milliseconds";
              case 1_000_000 -> "microseconds";
              default -> "nanoseconds";
            };
        yield "%s in whole %s, or a number of these".formatted(meaning.expected, named);
      }
    };
  }

  private long temporal(Object value, Literal constant) {
    return switch (value) {
      case LocalDate date when meaning == Meaning.DATE_DAYS -> date.toEpochDay();
      case LocalDate date when meaning == Meaning.DATE_MILLIS ->
          units(Duration.ofDays(date.toEpochDay()), constant);
      case LocalDateTime moment
          when meaning == Meaning.DATE_MILLIS || meaning == Meaning.TIMESTAMP ->
          units(sinceEpoch(moment.toInstant(ZoneOffset.UTC)), constant);
      case LocalTime time when meaning == Meaning.TIME ->
          units(Duration.ofNanos(time.toNanoOfDay()), constant);
      case Instant moment when meaning == Meaning.INSTANT -> units(sinceEpoch(moment), constant);
      case Duration duration when meaning == Meaning.DURATION -> units(duration, constant);
      default -> throw mismatch(constant);
    };
  }

  private static Duration sinceEpoch(Instant moment) {
    return Duration.ofSeconds(moment.getEpochSecond(), moment.getNano());
  }

  private long units(Duration duration, Literal constant) {
    long seconds = duration.getSeconds();
    int nanos = duration.getNano();
    long nanosPerUnit = NANOS_PER_SECOND / unitsPerSecond;
    if (nanos % nanosPerUnit != 0) {
      throw mismatch(constant);
    }
    long fraction = nanos / nanosPerUnit;
    try {
      // Rounded towards zero first: the second that a least value lies in may begin below the
      // range.
      return seconds < 0
          ? Math.addExact(
              Math.multiplyExact(seconds + 1, unitsPerSecond), fraction - unitsPerSecond)
          : Math.addExact(Math.multiplyExact(seconds, unitsPerSecond), fraction);
    } catch (ArithmeticException e) {
      IllegalArgumentException mismatch = mismatch(constant);
      mismatch.initCause(e);
      throw mismatch;
    }
  }

  private long seconds(long raw) {
    return Math.floorDiv(raw, unitsPerSecond);
  }

  private int nanos(long raw) {
    return (int) (Math.floorMod(raw, unitsPerSecond) * (NANOS_PER_SECOND / unitsPerSecond));
  }

  private long inRange(long number, Literal constant) {
    int unused = Long.SIZE - bits();
    boolean fits =
        signed
            ? number << unused >> unused == number
            : number >= 0 && number << unused >>> unused == number;
    if (!fits) {
      throw mismatch(constant);
    }
    return number;
  }

  private long unsigned(BigDecimal number, Literal constant) {
    if (number.scale() > 0
        || number.signum() < 0
        || number.compareTo(new BigDecimal(greatest())) > 0) {
      throw mismatch(constant);
    }
    return number.toBigIntegerExact().longValue();
  }

  private BigInteger least() {
    return signed ? BigInteger.ONE.shiftLeft(bits() - 1).negate() : BigInteger.ZERO;
  }

  private BigInteger greatest() {
    return BigInteger.ONE.shiftLeft(signed ? bits() - 1 : bits()).subtract(BigInteger.ONE);
  }

  private int bits() {
    return sizeBytes * Byte.SIZE;
  }
}
