package io.khonsu;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.util.UUID;

/**
 * Reads what {@link LiteralWriter} wrote. On anything else it throws an {@link
 * java.nio.BufferUnderflowException}, {@link IllegalArgumentException}, {@link ArithmeticException}
 * or {@link java.time.DateTimeException}, or reads something that would be written otherwise.
 */
final class LiteralReader {
  private static final int VARINT_BITS = 7;
  private static final int VARINT_PAYLOAD = 0x7F;

  private final ByteBuffer in;

  LiteralReader(ByteBuffer in) {
    this.in = in;
  }

  Literal read() {
    byte tag = in.get();
    return Literal.of(
        switch (tag) {
          case LiteralWriter.LONG -> (Object) readLong();
          case LiteralWriter.DECIMAL -> {
            int scale = Math.toIntExact(readLong());
            yield new BigDecimal(new BigInteger(readBytes()), scale);
          }
          case LiteralWriter.DOUBLE -> Double.longBitsToDouble(in.getLong());
          case LiteralWriter.BOOLEAN -> readLong() != 0;
          case LiteralWriter.STRING -> readString();
          case LiteralWriter.BYTES -> readBytes();
          case LiteralWriter.ID -> new UUID(in.getLong(), in.getLong());
          case LiteralWriter.DATE -> LocalDate.ofEpochDay(readLong());
          case LiteralWriter.TIME -> LocalTime.ofNanoOfDay(readLong());
          case LiteralWriter.DATE_TIME ->
              LocalDateTime.of(LocalDate.ofEpochDay(readLong()), LocalTime.ofNanoOfDay(readLong()));
          case LiteralWriter.INSTANT -> Instant.ofEpochSecond(readLong(), readLong());
          case LiteralWriter.DURATION -> Duration.ofSeconds(readLong(), readLong());
          default -> throw new IllegalArgumentException("a constant has the unknown type " + tag);
        });
  }

  byte readByte() {
    return in.get();
  }

  long readLong() {
    long bits = 0;
    for (int shift = 0; shift < Long.SIZE; shift += VARINT_BITS) {
      byte next = in.get();
      bits |= (long) (next & VARINT_PAYLOAD) << shift;
      if (next >= 0) {
        return (bits >>> 1) ^ -(bits & 1);
      }
    }
    throw new IllegalArgumentException("a number takes more than 64 bits");
  }

  /** {@return a count of things of a byte or more, that there is still room for} */
  int readLength() {
    long length = readLong();
    if (length < 0 || length > in.remaining()) {
      throw new IllegalArgumentException(
          "a length is %d, and %d bytes are left".formatted(length, in.remaining()));
    }
    return (int) length;
  }

  String readString() {
    return new String(readBytes(), StandardCharsets.UTF_8);
  }

  private byte[] readBytes() {
    byte[] bytes = new byte[readLength()];
    in.get(bytes);
    return bytes;
  }
}
