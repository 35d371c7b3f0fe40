package io.khonsu;

import java.io.ByteArrayOutputStream;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.util.UUID;

/** Writes literals and their kind into a bounded array; {@link LiteralReader} reads them. */
final class LiteralWriter {
  static final byte LONG = 1;
  static final byte DECIMAL = 2;
  static final byte DOUBLE = 3;
  static final byte BOOLEAN = 4;
  static final byte STRING = 5;
  static final byte BYTES = 6;
  static final byte ID = 7;
  static final byte DATE = 8;
  static final byte TIME = 9;
  static final byte DATE_TIME = 10;
  static final byte INSTANT = 11;
  static final byte DURATION = 12;

  private static final int VARINT_BITS = 7;
  private static final long VARINT_MORE = 0x80;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final int limitBytes;

  LiteralWriter(int limitBytes) {
    this.limitBytes = limitBytes;
  }

  byte[] toByteArray() {
    return out.toByteArray();
  }

  void write(Literal literal) {
    switch (literal.value()) {
      case Long number -> writeTagged(LONG, number);
      case BigDecimal number -> {
        writeTagged(DECIMAL, number.scale());
        writeBytes(number.unscaledValue().toByteArray());
      }
      case Double number -> {
        writeByte(DOUBLE);
        writeFixed(Double.doubleToLongBits(number));
      }
      case Boolean truth -> writeTagged(BOOLEAN, truth ? 1 : 0);
      case String text -> {
        writeByte(STRING);
        writeString(text);
      }
      case byte[] bytes -> {
        writeByte(BYTES);
        writeBytes(bytes);
      }
      case UUID id -> {
        writeByte(ID);
        writeFixed(id.getMostSignificantBits());
        writeFixed(id.getLeastSignificantBits());
      }
      case LocalDate date -> writeTagged(DATE, date.toEpochDay());
      case LocalTime time -> writeTagged(TIME, time.toNanoOfDay());
      case LocalDateTime moment -> {
        writeTagged(DATE_TIME, moment.toLocalDate().toEpochDay());
        writeLong(moment.toLocalTime().toNanoOfDay());
      }
      case Instant moment -> {
        writeTagged(INSTANT, moment.getEpochSecond());
        writeLong(moment.getNano());
      }
      case Duration duration -> {
        writeTagged(DURATION, duration.getSeconds());
        writeLong(duration.getNano());
      }
      default -> throw new IllegalStateException("a literal holds a type that has no encoding");
    }
  }

  void writeByte(byte value) {
    reserve(1);
    out.write(value);
  }

  /** Writes a signed number, in fewer bytes the nearer it is to zero. */
  void writeLong(long value) {
    long rest = (value << 1) ^ (value >> (Long.SIZE - 1));
    while ((rest & -VARINT_MORE) != 0) {
      writeByte((byte) (rest | VARINT_MORE));
      rest >>>= VARINT_BITS;
    }
    writeByte((byte) rest);
  }

  void writeLength(int value) {
    writeLong(value);
  }

  void writeString(String text) {
    writeBytes(text.getBytes(StandardCharsets.UTF_8));
  }

  private void writeTagged(byte tag, long value) {
    writeByte(tag);
    writeLong(value);
  }

  private void writeBytes(byte[] bytes) {
    writeLength(bytes.length);
    reserve(bytes.length);
    out.writeBytes(bytes);
  }

  private void writeFixed(long value) {
    reserve(Long.BYTES);
    out.writeBytes(ByteBuffer.allocate(Long.BYTES).putLong(value).array());
  }

  private void reserve(int sizeBytes) {
    if (sizeBytes > limitBytes - out.size()) {
      throw new IllegalArgumentException(
          "the encoded filter is longer than the %d bytes allowed".formatted(limitBytes));
    }
  }
}
