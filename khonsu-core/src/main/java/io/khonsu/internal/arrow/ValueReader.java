package io.khonsu.internal.arrow;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.Period;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.arrow.vector.PeriodDuration;
import org.apache.arrow.vector.extension.UuidType;
import org.apache.arrow.vector.types.TimeUnit;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.jspecify.annotations.Nullable;

/** Slots as natural Java values; {@link ValueWriter} takes the same types back. */
final class ValueReader {
  private static final long MILLIS_PER_DAY = 86_400_000;

  private ValueReader() {}

  /** {@return the value of a slot, or null if it holds none} */
  static @Nullable Object read(Column column, int slot) {
    return switch (column.layout.kind) {
      case NULL -> null;
      case RUN_END -> read(column.child(1), column.run(slot));
      case SPARSE_UNION, DENSE_UNION -> read(column.selected(slot), column.selectedSlot(slot));
      default -> column.valid(slot) ? value(column, slot) : null;
    };
  }

  private static @Nullable Object value(Column column, int slot) {
    Layout layout = column.layout;
    return switch (layout.kind) {
      case BOOL -> column.number(slot) != 0;
      case FIXED -> fixed(column, slot);
      case VAR, VIEW -> {
        byte[] bytes = column.bytes(slot).toArray(ValueLayout.JAVA_BYTE);
        yield layout.utf8 ? new String(bytes, StandardCharsets.UTF_8) : bytes;
      }
      case LIST, LIST_VIEW ->
          layout.type instanceof ArrowType.Map
              ? map(column.child(0), column.start(slot), column.end(slot))
              : list(column.child(0), column.start(slot), column.end(slot));
      case FIXED_LIST -> {
        long size = layout.width;
        yield list(column.child(0), slot * size, (slot + 1) * size);
      }
      case STRUCT -> {
        Map<String, @Nullable Object> fields = new LinkedHashMap<>();
        for (int i = 0; i < layout.children.size(); i++) {
          fields.put(layout.child(i).field.getName(), read(column.child(i), slot));
        }
        yield Collections.unmodifiableMap(fields);
      }
      case NULL, RUN_END, SPARSE_UNION, DENSE_UNION -> read(column, slot);
    };
  }

  private static List<@Nullable Object> list(Column child, long from, long end) {
    List<@Nullable Object> values = new ArrayList<>((int) (end - from));
    for (long i = from; i < end; i++) {
      values.add(read(child, (int) i));
    }
    return Collections.unmodifiableList(values);
  }

  private static Map<@Nullable Object, @Nullable Object> map(Column entries, long from, long end) {
    Map<@Nullable Object, @Nullable Object> values = new LinkedHashMap<>();
    for (long i = from; i < end; i++) {
      values.put(read(entries.child(0), (int) i), read(entries.child(1), (int) i));
    }
    return Collections.unmodifiableMap(values);
  }

  private static Object fixed(Column column, int slot) {
    return switch (column.layout.type) {
      case ArrowType.Int number -> integer(number, column.number(slot));
      case ArrowType.FloatingPoint _ ->
          column.layout.width == 8 ? column.real(slot) : (Object) (float) column.real(slot);
      case ArrowType.Decimal decimal -> decimal(column.bytes(slot), decimal.getScale());
      case ArrowType.Date _ -> {
        long number = column.number(slot);
        long days = column.layout.width == 4 ? number : Math.floorDiv(number, MILLIS_PER_DAY);
        yield LocalDate.ofEpochDay(days);
      }
      case ArrowType.Time time ->
          LocalTime.ofNanoOfDay(
              Math.multiplyExact(
                  column.number(slot), 1_000_000_000 / unitsPerSecond(time.getUnit())));
      case ArrowType.Timestamp timestamp -> timestamp(timestamp, column.number(slot));
      case ArrowType.Duration duration -> duration(duration.getUnit(), column.number(slot));
      case ArrowType.Interval interval -> interval(interval, column.bytes(slot));
      default -> bytes(column.layout.field, column.bytes(slot));
    };
  }

  private static Object integer(ArrowType.Int type, long value) {
    if (type.getIsSigned()) {
      return switch (type.getBitWidth()) {
        case 8 -> (Object) (byte) value;
        case 16 -> (short) value;
        case 32 -> (int) value;
        default -> value;
      };
    }
    return switch (type.getBitWidth()) {
      case 8, 16 -> (Object) (int) value;
      case 32 -> value;
      default -> new BigInteger(Long.toUnsignedString(value));
    };
  }

  private static BigDecimal decimal(MemorySegment bytes, int scale) {
    int width = (int) bytes.byteSize();
    byte[] bigEndian = new byte[width];
    for (int i = 0; i < width; i++) {
      bigEndian[i] = bytes.get(ValueLayout.JAVA_BYTE, width - 1 - i);
    }
    return new BigDecimal(new BigInteger(bigEndian), scale);
  }

  private static Object timestamp(ArrowType.Timestamp type, long value) {
    long units = unitsPerSecond(type.getUnit());
    long seconds = Math.floorDiv(value, units);
    long nanos = Math.floorMod(value, units) * (1_000_000_000 / units);
    if (type.getTimezone() == null || type.getTimezone().isEmpty()) {
      return LocalDateTime.ofEpochSecond(seconds, (int) nanos, ZoneOffset.UTC);
    }
    return Instant.ofEpochSecond(seconds, nanos);
  }

  private static Duration duration(TimeUnit unit, long value) {
    long units = unitsPerSecond(unit);
    long nanos = Math.floorMod(value, units) * (1_000_000_000 / units);
    return Duration.ofSeconds(Math.floorDiv(value, units), nanos);
  }

  private static Object interval(ArrowType.Interval type, MemorySegment bytes) {
    int first = bytes.get(LittleEndian.INT, 0);
    return switch (type.getUnit()) {
      case YEAR_MONTH -> Period.ofMonths(first);
      case DAY_TIME ->
          new PeriodDuration(
              Period.ofDays(first), Duration.ofMillis(bytes.get(LittleEndian.INT, 4)));
      case MONTH_DAY_NANO ->
          new PeriodDuration(
              Period.of(0, first, bytes.get(LittleEndian.INT, 4)),
              Duration.ofNanos(bytes.get(LittleEndian.LONG, 8)));
    };
  }

  private static Object bytes(Field field, MemorySegment bytes) {
    if (field.getType() instanceof UuidType) {
      return new UUID(
          Long.reverseBytes(bytes.get(LittleEndian.LONG, 0)),
          Long.reverseBytes(bytes.get(LittleEndian.LONG, 8)));
    }
    return bytes.toArray(ValueLayout.JAVA_BYTE);
  }

  static long unitsPerSecond(TimeUnit unit) {
    return switch (unit) {
      case SECOND -> 1;
      case MILLISECOND -> 1_000;
      case MICROSECOND -> 1_000_000;
      case NANOSECOND -> 1_000_000_000;
    };
  }
}
