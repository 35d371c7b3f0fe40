package io.khonsu.internal.arrow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.Period;
import java.time.ZoneId;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.arrow.vector.PeriodDuration;
import org.apache.arrow.vector.extension.UuidType;
import org.apache.arrow.vector.types.DateUnit;
import org.apache.arrow.vector.types.FloatingPointPrecision;
import org.apache.arrow.vector.types.IntervalUnit;
import org.apache.arrow.vector.types.TimeUnit;
import org.apache.arrow.vector.types.UnionMode;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.FieldType;
import org.apache.arrow.vector.types.pojo.Schema;
import org.junit.jupiter.api.Test;

class BatchBuilderTest {
  private static final ArrowType INT = new ArrowType.Int(32, true);
  private static final ArrowType TEXT = ArrowType.Utf8.INSTANCE;

  @Test
  void integers_outOfRange_areRefused() {
    refuse(new ArrowType.Int(8, true), 128, "-128 to 127");
    refuse(new ArrowType.Int(8, false), -1, "0 to 255");
    refuse(new ArrowType.Int(16, true), 40_000L, "32767");
    refuse(INT, 1L << 31, "2147483647");
    refuse(new ArrowType.Int(64, false), -1L, "0 to");
    refuse(new ArrowType.Int(64, true), BigInteger.TWO.pow(63), "range");
    refuse(new ArrowType.Int(64, false), BigInteger.TWO.pow(64), "2^64");
    refuse(INT, "7", "whole number", "java.lang.String 7");
    refuse(INT, 7.0, "whole number");
  }

  @Test
  void valueOfAUnion_goesToTheChildThatKeepsItWhole() {
    Field union =
        new Field(
            "u",
            FieldType.nullable(new ArrowType.Union(UnionMode.Dense, new int[] {0, 1})),
            List.of(
                Field.nullable("seconds", new ArrowType.Timestamp(TimeUnit.SECOND, "UTC")),
                Field.nullable("millis", new ArrowType.Timestamp(TimeUnit.MILLISECOND, "UTC"))));
    BatchBuilder builder = new BatchBuilder(BatchSchema.of(new Schema(List.of(union))));
    Instant whole = Instant.parse("1982-02-25T05:54:11Z");
    Instant fraction = Instant.parse("1982-02-25T05:54:11.714Z");
    builder.appendRow(new Object[] {whole});
    builder.appendRow(new Object[] {fraction});
    assertThat(builder.getObject(0, 0)).isEqualTo(whole);
    assertThat(builder.getObject(0, 1)).isEqualTo(fraction);
  }

  @Test
  void valuesOfTheWrongType_areRefused() {
    refuse(ArrowType.Bool.INSTANCE, 1, "Boolean");
    refuse(ArrowType.Null.INSTANCE, 1, "null");
    refuse(TEXT, new byte[] {1}, "String");
    refuse(TEXT, "\ud800", "surrogate");
    refuse(ArrowType.Binary.INSTANCE, "text", "byte[]");
    refuse(new ArrowType.FixedSizeBinary(3), new byte[2], "3 bytes and not 2");
    refuse(UuidType.INSTANCE, "00000000-0000-0000-0000-000000000000", "UUID");
    refuse(new ArrowType.Date(DateUnit.DAY), LocalDateTime.MIN, "LocalDate");
    refuse(new ArrowType.Date(DateUnit.DAY), LocalDate.MAX, "range");
    refuse(new ArrowType.Timestamp(TimeUnit.NANOSECOND, null), LocalDateTime.MAX, "range");
    refuse(new ArrowType.Timestamp(TimeUnit.SECOND, null), Instant.EPOCH, "LocalDateTime");
    refuse(new ArrowType.Timestamp(TimeUnit.SECOND, "UTC"), LocalDateTime.MIN, "Instant");
    refuse(new ArrowType.Decimal(5, 2, 128), new BigDecimal("1.234"), "2 digits after");
    refuse(new ArrowType.Decimal(5, 2, 128), new BigDecimal("1000"), "5 digits");
    refuse(new ArrowType.Decimal(5, 2, 128), new BigDecimal("1e999999999"), "range");
    refuse(real(FloatingPointPrecision.SINGLE), 1e300, "range");
    refuse(real(FloatingPointPrecision.HALF), 1e6, "range");
    refuse(new ArrowType.Interval(IntervalUnit.YEAR_MONTH), Period.ofDays(1), "months only");
  }

  @Test
  void nestedValues_ofTheWrongShape_areRefusedByPath() {
    Field item = field("item", INT);
    refuse(field("l", ArrowType.List.INSTANCE, item), List.of("x"), "'l.item'");
    refuse(field("l", ArrowType.List.INSTANCE, item), 3, "'l'", "a List");
    refuse(field("f", new ArrowType.FixedSizeList(2), item), List.of(1), "size 2");
    Field struct = field("s", ArrowType.Struct.INSTANCE, field("a", INT));
    refuse(struct, Map.of("a", 1, "b", 2), "'s'", "field names");
    refuse(struct, Map.of("a", "1"), "'s.a'");
  }

  @Test
  void nulls_inANonNullableColumn_areRefused() {
    Field required = new Field("r", FieldType.notNullable(INT), null);
    BatchBuilder builder = builder(required);
    assertThatThrownBy(() -> builder.appendRow(Collections.singletonList(null)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll("'r'", "no null");
  }

  @Test
  void rowThatFails_leavesNothingBehind() {
    BatchBuilder builder =
        builder(field("a", INT), field("l", ArrowType.List.INSTANCE, field("item", TEXT)));
    builder.appendRow(1, List.of("a", "b"));
    assertThatThrownBy(() -> builder.appendRow(2, List.of("c", 5)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> builder.appendRow(2)).hasMessageContaining("2 values");
    builder.appendRow(3, null);
    builder.appendRow(null, Arrays.asList("d", null));
    assertThat(builder.rowCount()).isEqualTo(3);
    assertThat(builder.getObject(0, 1)).isEqualTo(3);
    assertThat(builder.getObject(1, 0)).isEqualTo(List.of("a", "b"));
    assertThat(builder.getObject(1, 1)).isNull();
    assertThat(builder.getObject(1, 2)).isEqualTo(Arrays.asList("d", null));
  }

  @Test
  void otherTypesThatAreTaken_readBackAsTheNaturalOnes() {
    Instant instant = Instant.parse("1969-12-31T23:59:59.999999999Z");
    ArrowType micros = new ArrowType.Timestamp(TimeUnit.MICROSECOND, "Europe/Berlin");
    stages(micros, instant.atZone(ZoneId.of("Asia/Tokyo")), instant.minusNanos(999));
    stages(new ArrowType.Timestamp(TimeUnit.NANOSECOND, "UTC"), instant, instant);
    stages(new ArrowType.Time(TimeUnit.SECOND, 32), LocalTime.MAX, LocalTime.of(23, 59, 59));
    stages(new ArrowType.Int(8, false), (byte) 9, 9);
    stages(new ArrowType.Int(64, false), 5L, BigInteger.valueOf(5));
    stages(new ArrowType.Decimal(9, 2, 256), 12L, new BigDecimal("12.00"));
    stages(new ArrowType.Decimal(9, 2, 128), new BigDecimal("-0.5"), new BigDecimal("-0.50"));
    stages(real(FloatingPointPrecision.DOUBLE), 3, 3.0);
    stages(real(FloatingPointPrecision.HALF), 1.5f, 1.5f);
    stages(
        new ArrowType.Interval(IntervalUnit.DAY_TIME),
        Duration.ofHours(25),
        new PeriodDuration(Period.ofDays(1), Duration.ofHours(1)));
    stages(
        new ArrowType.Interval(IntervalUnit.MONTH_DAY_NANO),
        Period.of(1, 2, 3),
        new PeriodDuration(Period.of(0, 14, 3), Duration.ZERO));
    stages(UuidType.INSTANCE, new UUID(1, -2), new UUID(1, -2));
    stages(ArrowType.Binary.INSTANCE, ByteBuffer.wrap(new byte[] {1, 2}, 1, 1), new byte[] {2});
    stages(ArrowType.Utf8View.INSTANCE, "more than twelve bytes", "more than twelve bytes");
  }

  private static void stages(ArrowType type, Object given, Object expected) {
    BatchBuilder builder = builder(field("c", type));
    builder.appendRow(given);
    assertThat(builder.getObject(0, 0)).isEqualTo(expected);
  }

  private static void refuse(ArrowType type, Object value, String... parts) {
    refuse(field("c", type), value, parts);
  }

  private static void refuse(Field field, Object value, String... parts) {
    BatchBuilder builder = builder(field);
    assertThatThrownBy(() -> builder.appendRow(value))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("column '" + field.getName())
        .hasMessageContainingAll(parts);
    assertThat(builder.rowCount()).isZero();
  }

  private static ArrowType real(FloatingPointPrecision precision) {
    return new ArrowType.FloatingPoint(precision);
  }

  private static BatchBuilder builder(Field... fields) {
    return new BatchBuilder(BatchSchema.of(new Schema(List.of(fields))));
  }

  private static Field field(String name, ArrowType type, Field... children) {
    return new Field(name, FieldType.nullable(type), List.of(children));
  }
}
