package io.khonsu.internal.key;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.KeyRange;
import io.khonsu.LimitExceededException;
import io.khonsu.NullKeyException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.UUID;
import org.apache.arrow.vector.types.DateUnit;
import org.apache.arrow.vector.types.FloatingPointPrecision;
import org.apache.arrow.vector.types.TimeUnit;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.DictionaryEncoding;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.FieldType;
import org.apache.arrow.vector.types.pojo.Schema;
import org.junit.jupiter.api.Test;

/** Examples and refusals of keys and ranges. */
class KeyCodecTest {
  private static final ArrowType INT32 = new ArrowType.Int(32, true);
  private static final ArrowType UTF8 = new ArrowType.Utf8();
  private static final Schema PAIR =
      new Schema(List.of(field("id", INT32), field("v", INT32), field("path", UTF8)));
  private static final KeyCodec CODEC = KeyCodec.of(PAIR, List.of("id", "path"), 64);

  private static Field field(String name, ArrowType type) {
    return Field.nullable(name, type);
  }

  private static KeyCodec single(ArrowType type) {
    return KeyCodec.of(new Schema(List.of(field("k", type))), List.of("k"), 64);
  }

  @Test
  void encode_ofAPair_isFlippedIntegerAndRawText() {
    assertThat(CODEC.encode(7, "a")).containsExactly(0x80, 0, 0, 7, 'a');
    assertThat(CODEC.columnIndexes()).containsExactly(0, 2);
    assertThat(CODEC.columnNames()).containsExactly("id", "path");
  }

  @Test
  void encode_ofTextBeforeOthers_isEscapedAndEnded() {
    KeyCodec codec = KeyCodec.of(PAIR, List.of("path", "id"), 64);
    assertThat(codec.encode("a\0", -1)).containsExactly('a', 0, 0xFF, 0, 0, 0x7F, 0xFF, 0xFF, 0xFF);
  }

  @Test
  void describe_printsTheTuple() {
    assertThat(CODEC.describe(CODEC.encode(7L, "eu/1"))).isEqualTo("(7, \"eu/1\")");
    assertThat(CODEC.describe(new byte[] {1, 2})).isEqualTo("(0x0102)");
  }

  @Test
  void encode_takesNaturalTypes() {
    Instant noon = Instant.parse("2026-01-02T12:00:00.000001Z");
    ArrowType micros = new ArrowType.Timestamp(TimeUnit.MICROSECOND, "UTC");
    assertSame(micros, noon, OffsetDateTime.parse("2026-01-02T14:00:00.000001+02:00"));
    assertSame(micros, noon, noon.getEpochSecond() * 1_000_000 + 1);
    assertSame(
        new ArrowType.Timestamp(TimeUnit.SECOND, null),
        LocalDateTime.parse("1969-12-31T23:59:58"),
        -2);
    assertSame(new ArrowType.Date(DateUnit.DAY), LocalDate.ofEpochDay(-3), -3);
    assertSame(new ArrowType.Date(DateUnit.MILLISECOND), LocalDate.ofEpochDay(-3), -259_200_000L);
    assertSame(new ArrowType.Time(TimeUnit.MILLISECOND, 32), LocalTime.of(0, 0, 1), 1000);
    assertSame(new ArrowType.Duration(TimeUnit.NANOSECOND), Duration.ofNanos(-1), (byte) -1);
    assertSame(
        new ArrowType.Int(64, false),
        BigInteger.TWO.pow(64).subtract(BigInteger.ONE),
        new BigDecimal("18446744073709551615.0"));
    assertSame(new ArrowType.Decimal(5, 2, 128), new BigDecimal("7.00"), 7);
    assertSame(
        new ArrowType.FixedSizeBinary(16),
        new UUID(1, 2),
        new byte[] {0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2});
    assertThat(single(new ArrowType.Bool()).encode(true)).containsExactly(1);
  }

  private static void assertSame(ArrowType type, Object one, Object other) {
    KeyCodec codec = single(type);
    assertThat(codec.encode(one)).as("%s", type).isEqualTo(codec.encode(other));
  }

  @Test
  void encode_ofAnUnsuitableValue_namesColumnTypeAndValue() {
    refuses(
        INT32,
        1L << 31,
        "column \"k\" of type Int(32, true) takes a whole number from "
            + "-2147483648 to 2147483647, not Long 2147483648");
    refuses(INT32, "7", "not String \"7\"");
    refuses(INT32, 1.0, "not Double 1.0");
    refuses(new ArrowType.Int(8, false), -1, "from 0 to 255, not Long -1");
    refuses(new ArrowType.Int(64, false), -1, "from 0 to 18446744073709551615, not Long -1");
    refuses(new ArrowType.Int(64, false), BigInteger.TWO.pow(64), "not BigDecimal");
    refuses(new ArrowType.Bool(), 1, "takes a Boolean, not Long 1");
    refuses(UTF8, new byte[1], "takes a String, not byte[] 0x00");
    refuses(UTF8, "\ud800", "unpaired surrogate");
    refuses(UTF8, 'c', "java.lang.Character is not a type");
    refuses(new ArrowType.FixedSizeBinary(2), new byte[3], "takes a byte[] of length 2, not");
    refuses(new ArrowType.Decimal(5, 2, 128), new BigDecimal("0.001"), "5 digits at scale 2");
    refuses(new ArrowType.Decimal(5, 2, 128), 1000, "5 digits at scale 2");
    refuses(new ArrowType.Decimal(5, 2, 128), new BigDecimal("1E+999999999"), "beyond");
    refuses(
        new ArrowType.Timestamp(TimeUnit.SECOND, null),
        LocalDateTime.parse("2026-01-01T00:00:00.5"),
        "takes a LocalDateTime in whole seconds");
    refuses(
        new ArrowType.Timestamp(TimeUnit.NANOSECOND, "UTC"), Instant.MAX, "an Instant in whole");
    refuses(new ArrowType.Date(DateUnit.DAY), LocalDate.MAX, "takes a LocalDate");
  }

  private static void refuses(ArrowType type, Object value, String message) {
    KeyCodec codec = single(type);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> codec.encode(value))
        .withMessageContaining("column \"k\" of type " + type)
        .withMessageContaining(message);
  }

  @Test
  void encode_ofNull_namesColumnAndRow() {
    assertThatThrownBy(() -> CODEC.encode(7, null))
        .isInstanceOf(NullKeyException.class)
        .hasMessageContaining("\"path\"");
    List<Field> fields = List.of(field("k", INT32));
    Object[] first = {1L};
    try (CellBatch batch = CellBatch.of(fields, List.of(first, new Object[1]))) {
      KeyCodec codec = KeyCodec.of(batch.schema(), List.of("k"), 4);
      assertThat(codec.encode(batch.columns(), 0)).containsExactly(0x80, 0, 0, 1);
      assertThatThrownBy(() -> codec.encode(batch.columns(), 1))
          .isInstanceOf(NullKeyException.class)
          .hasMessage("key column \"k\" is null in row 1");
    }
  }

  @Test
  void encode_ofTooLongAKey_namesSizeAndBound() {
    assertThatThrownBy(() -> CODEC.encode(7, "a".repeat(61)))
        .isInstanceOf(LimitExceededException.class)
        .hasMessage("the key takes 65 bytes, at most 64 are allowed (keySizeMaxBytes)");
    List<Field> fields = List.of(field("path", UTF8), field("id", INT32));
    Object[] zeros = {new byte[60], 1L};
    Object[] escaped = {new byte[6], 1L};
    Object[] letters = {"a".repeat(100).getBytes(StandardCharsets.UTF_8), 1L};
    try (CellBatch batch = CellBatch.of(fields, List.of(zeros, letters, escaped))) {
      KeyCodec codec = KeyCodec.of(batch.schema(), List.of("path", "id"), 66);
      assertThatThrownBy(() -> codec.encode(batch.columns(), 0))
          .isInstanceOf(LimitExceededException.class)
          .hasMessageContaining("126 bytes, at most 66");
      assertThatThrownBy(() -> codec.encode(batch.columns(), 1))
          .isInstanceOf(LimitExceededException.class)
          .hasMessageContaining("106 bytes, at most 66");
      assertThat(codec.encode(batch.columns(), 2)).hasSize(18);
    }
  }

  @Test
  void encode_withAnotherNumberOfValues_isRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> CODEC.encode(7))
        .withMessage("the key [id, path] has 2 columns, 1 values given");
  }

  @Test
  void of_withUnsuitableColumns_namesThem() {
    refusesColumns("at least one column");
    refusesColumns("column \"nope\" is not among the columns [id, v, path]", "nope");
    refusesColumns("\"id\" is named twice", "id", "id");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> KeyCodec.of(PAIR, List.of("id"), 3))
        .withMessageContaining("at least 4 bytes, at most 3");
    Schema twice = new Schema(List.of(field("id", INT32), field("id", UTF8)));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> KeyCodec.of(twice, List.of("id"), 64))
        .withMessageContaining("twice among");
  }

  private static void refusesColumns(String message, String... columns) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> KeyCodec.of(PAIR, Arrays.asList(columns), 64))
        .withMessageContaining(message);
  }

  @Test
  void of_withATypeWithoutOrder_namesColumnAndType() {
    List<ArrowType> types =
        List.of(
            new ArrowType.FloatingPoint(FloatingPointPrecision.DOUBLE),
            new ArrowType.Struct(),
            new ArrowType.Null(),
            new ArrowType.Decimal(5, 2, 64));
    for (ArrowType type : types) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> single(type))
          .withMessage("column \"k\" of type %s cannot be in a primary key".formatted(type));
    }
    FieldType dictionary = new FieldType(true, UTF8, new DictionaryEncoding(1, false, null));
    assertThatIllegalArgumentException()
        .isThrownBy(() ->
            KeyCodec.of(new Schema(List.of(new Field("k", dictionary, null))), List.of("k"), 64));
  }

  @Test
  void decode_ofOtherBytes_isRefused() {
    KeyCodec codec = KeyCodec.of(PAIR, List.of("path", "id"), 64);
    byte[] key = codec.encode("a", 1);
    for (byte[] bytes : List.of(Arrays.copyOf(key, 6), Arrays.copyOf(key, 9), new byte[] {0, 1})) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> codec.decode(bytes))
          .withMessageContaining("is no key of [path, id]");
    }
  }

  @Test
  void compile_ofAPrefix_matchesTheBeginningOfTheLastValueOnly() {
    EncodedRange prefix = CODEC.compile(KeyRange.prefix(7, "eu/"));
    assertThat(prefix.contains(CODEC.encode(7, "eu/1"))).isTrue();
    assertThat(prefix.contains(CODEC.encode(7, "eu0"))).isFalse();
    EncodedRange starting = CODEC.compile(KeyRange.startingWith(7, "eu/"));
    assertThat(starting.contains(CODEC.encode(7, "eu/1"))).isFalse();
    assertThat(starting.contains(CODEC.encode(7, "eu/"))).isTrue();
    assertThat(CODEC.compile(KeyRange.startingWith(7)).contains(CODEC.encode(7, "x"))).isTrue();
  }

  @Test
  void compile_ofAnInvertedRange_namesBothBounds() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> CODEC.compile(KeyRange.closed(List.of(7, "b"), List.of(7, "a"))))
        .withMessage("the lower bound [7, \"b\"] of the range is above its upper bound [7, \"a\"]");
    assertThat(CODEC.compile(KeyRange.closedOpen(7, 7)).isEmpty()).isTrue();
    assertThat(CODEC.compile(KeyRange.open(7, 8)).isEmpty()).isTrue();
    assertThat(CODEC.compile(KeyRange.greaterThan(Integer.MAX_VALUE)).isEmpty()).isTrue();
    assertThat(CODEC.compile(KeyRange.atMost(Integer.MAX_VALUE)).end()).isNull();
  }

  @Test
  void compile_ofUnsuitableValues_isRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> CODEC.compile(KeyRange.atLeast(7, "a", 1)))
        .withMessageContaining("2 columns, 3 values");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> CODEC.compile(KeyRange.single(7)))
        .withMessageContaining("2 columns, 1 values");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> CODEC.compile(KeyRange.prefix("eu/")))
        .withMessageContaining("column \"id\"");
    assertThatThrownBy(() -> CODEC.compile(KeyRange.prefix(7, "a".repeat(65))))
        .isInstanceOf(LimitExceededException.class)
        .hasMessageContaining("69 bytes, at most 64");
    assertThatIllegalArgumentException().isThrownBy(KeyRange::single);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> KeyRange.atLeast(Collections.singletonList(7)))
        .withMessageContaining("not a type of column values");
  }

  @Test
  void ranges_areEqualByValueAndReadable() {
    assertThat(KeyRange.atLeast(7, "a")).isEqualTo(KeyRange.atLeast(7L, "a"));
    assertThat(KeyRange.single(new byte[] {1})).isEqualTo(KeyRange.single(new byte[] {1}));
    assertThat(KeyRange.all()).hasToString("all keys");
    assertThat(KeyRange.openClosed(1, 2)).hasToString("(1) < key <= (2)");
    assertThat(KeyRange.prefix("a\n\"")).hasToString("key with prefix (\"a\\u000a\\\"\")");
  }
}
