package io.khonsu;

import com.google.errorprone.annotations.Immutable;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZonedDateTime;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * An immutable constant, as it stands in a {@link KeyRange} or a {@link RowFilter}.
 *
 * <p>It has one form for one value, whatever Java type it came in: exact numbers are a {@link Long}
 * where one fits, else a {@link BigDecimal} without trailing zeros; {@code Float} becomes {@link
 * Double}, {@code -0.0} becomes {@code 0.0}; a date-time with an offset or a zone becomes an {@link
 * Instant}. Two literals are equal exactly when these forms are, byte arrays by content.
 */
@Immutable
public final class Literal {
  /** The most decimal places, to either side of the point, of an exact number. */
  public static final int SCALE_MAX = 1000;

  /** The most bits of the unscaled value of an exact number. */
  public static final int UNSCALED_BITS_MAX = 1024;

  private static final int PRINTED_MAX = 64;

  @SuppressWarnings("Immutable") // a byte[] in here is our own copy, and never handed out
  private final Object value;

  private Literal(Object value) {
    this.value = value;
  }

  /**
   * Returns the literal of a Java value.
   *
   * @param value a {@code Byte}, {@code Short}, {@code Integer}, {@code Long}, {@code BigInteger},
   *     {@code BigDecimal}, {@code Float}, {@code Double}, {@code Boolean}, {@code String}, {@code
   *     byte[]} (copied), {@code UUID}, {@code LocalDate}, {@code LocalTime}, {@code
   *     LocalDateTime}, {@code Instant}, {@code OffsetDateTime}, {@code ZonedDateTime}, {@code
   *     Duration}, or a {@code Literal}, which is returned
   * @throws IllegalArgumentException if it is of another type or null, a number beyond {@link
   *     #SCALE_MAX} or {@link #UNSCALED_BITS_MAX}, or a string with an unpaired surrogate
   */
  public static Literal of(@Nullable Object value) {
    if (value instanceof Literal literal) {
      return literal;
    }
    return new Literal(canonical(value));
  }

  /** {@return the literals of {@code values}, in order} */
  static List<Literal> listOf(List<?> values) {
    return values.stream().map(Literal::of).toList();
  }

  /**
   * {@return the value in the form described at this class; a byte array is a copy that the caller
   * may change}
   */
  public Object value() {
    return value instanceof byte[] bytes ? bytes.clone() : value;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    if (!(other instanceof Literal that)) {
      return false;
    }
    if (value instanceof byte[] bytes && that.value instanceof byte[] thatBytes) {
      return Arrays.equals(bytes, thatBytes);
    }
    return value.equals(that.value);
  }

  @Override
  public int hashCode() {
    return value instanceof byte[] bytes ? Arrays.hashCode(bytes) : value.hashCode();
  }

  /** {@return the value as people read it, strings quoted, bytes in hex, long ones cut short} */
  @Override
  public String toString() {
    return switch (value) {
      case String text -> quote(text);
      case byte[] bytes -> {
        int printed = Math.min(bytes.length, PRINTED_MAX);
        String hex = "0x" + HexFormat.of().formatHex(bytes, 0, printed);
        yield printed == bytes.length ? hex : hex + "... of " + bytes.length + " bytes";
      }
      default -> value.toString();
    };
  }

  private static Object canonical(@Nullable Object value) {
    return switch (value) {
      case null -> throw new IllegalArgumentException("null is not a value of a column");
      case Byte number -> (long) number;
      case Short number -> (long) number;
      case Integer number -> (long) number;
      case Long number -> number;
      case BigInteger number -> canonical(new BigDecimal(number));
      case BigDecimal number -> canonical(number);
      case Float number -> canonical((double) number);
      case Double number -> canonical((double) number);
      case String text -> wellFormed(text);
      case byte[] bytes -> bytes.clone();
      case OffsetDateTime moment -> moment.toInstant();
      case ZonedDateTime moment -> moment.toInstant();
      case Boolean _, UUID _, LocalDate _, LocalTime _, LocalDateTime _, Instant _, Duration _ ->
          value;
      default ->
          throw new IllegalArgumentException(
              value.getClass().getName() + " is not a type of column values");
    };
  }

  private static Object canonical(double number) {
    return Double.isNaN(number) ? Double.NaN : number + 0.0; // -0.0 + 0.0 is 0.0
  }

  private static Object canonical(BigDecimal number) {
    if (number.signum() == 0) {
      return 0L;
    }
    if (number.unscaledValue().bitLength() > UNSCALED_BITS_MAX
        || Math.abs((long) number.scale()) > SCALE_MAX) {
      throw new IllegalArgumentException(
          "a number of %d digits and scale %d is beyond %d bits and scale %d"
              .formatted(number.precision(), number.scale(), UNSCALED_BITS_MAX, SCALE_MAX));
    }
    BigDecimal stripped = number.stripTrailingZeros();
    boolean fits = stripped.scale() <= 0 && stripped.toBigIntegerExact().bitLength() < Long.SIZE;
    return fits ? (Object) stripped.longValueExact() : stripped;
  }

  /** {@return {@code text}, in which every surrogate has its pair: only such has UTF-8 bytes} */
  static String wellFormed(String text) {
    int i = 0;
    while (i < text.length()) {
      int codePoint = text.codePointAt(i);
      if (codePoint >= Character.MIN_SURROGATE && codePoint <= Character.MAX_SURROGATE) {
        throw new IllegalArgumentException("the string has an unpaired surrogate at " + i);
      }
      i += Character.charCount(codePoint);
    }
    return text;
  }

  private static String quote(String text) {
    int printed =
        text.offsetByCodePoints(0, Math.min(PRINTED_MAX, text.codePointCount(0, text.length())));
    StringBuilder result = new StringBuilder("\"");
    text.substring(0, printed)
        .codePoints()
        .forEach(c -> {
          if (c == '"' || c == '\\') {
            result.append('\\').appendCodePoint(c);
          } else if (Character.isISOControl(c)) {
            result.append("\\u%04x".formatted(c));
          } else {
            result.appendCodePoint(c);
          }
        });
    result.append('"');
    if (printed < text.length()) {
      result
          .append("... of ")
          .append(text.getBytes(StandardCharsets.UTF_8).length)
          .append(" bytes");
    }
    return result.toString();
  }
}
