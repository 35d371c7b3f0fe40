package io.khonsu;

import static io.khonsu.RowFilter.column;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.UUID;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** How filters are built, printed, compared and encoded. */
class RowFilterTest {
  private static final List<Object> CONSTANTS =
      List.of(
          0,
          -1,
          Long.MAX_VALUE,
          Long.MIN_VALUE,
          BigInteger.TWO.pow(70),
          new BigDecimal("-7.25"),
          -0.0,
          1.5f,
          Double.NaN,
          true,
          false,
          "",
          "a\0😀",
          new byte[0],
          new byte[] {-1},
          new UUID(-1, 2),
          LocalDate.MIN,
          LocalTime.MAX,
          LocalDateTime.MAX,
          Instant.MIN,
          Instant.MAX,
          Duration.ofSeconds(-1, 5),
          Duration.ofSeconds(Long.MIN_VALUE));

  private static final List<RowFilter.Operator> OPERATORS = List.of(RowFilter.Operator.values());

  @Test
  void toString_readsLikeSql() {
    RowFilter filter =
        column("delay")
            .greaterThan(30)
            .and(column("origin").in("SFO", "LAX"))
            .or(column("my col").isNull().not().and(column("v").mod(3).eq(0)));
    assertThat(filter)
        .hasToString(
            "(delay > 30 and origin in (\"SFO\", \"LAX\")) or (\"my col\" is not null and v % 3 ="
                + " 0)");
    assertThat(column("a").startsWith("x").not()).hasToString("not (a starts with \"x\")");
    assertThat(RowFilter.all()).hasToString("true");
  }

  @Test
  void equalFilters_haveEqualBytes() {
    RowFilter one = column("v").eq(5).and(column("b").eq(new byte[] {1}));
    RowFilter other = column("v").eq(new BigDecimal("5.0")).and(column("b").eq(new byte[] {1}));
    assertThat(one).isEqualTo(other).hasSameHashCodeAs(other);
    assertThat(one.encode()).isEqualTo(other.encode());
    assertThat(column("v").eq(-0.0)).isEqualTo(column("v").eq(0.0f));
    assertThat(one).isNotEqualTo(column("v").eq(6));
  }

  @Test
  void andOr_ofTheSameKind_areFlat_andNotOfNotVanishes() {
    RowFilter a = column("a").isNull();
    RowFilter b = column("b").isNull();
    assertThat(a.and(b).and(a)).isEqualTo(RowFilter.allOf(List.of(a, b, a)));
    assertThat(a.or(b.or(a))).isEqualTo(RowFilter.anyOf(List.of(a, b, a)));
    assertThat(a.not().not()).isEqualTo(a);
  }

  @Test
  void constant_isCopied() {
    byte[] bytes = {1};
    RowFilter filter = column("b").eq(bytes);
    bytes[0] = 2;
    assertThat(filter).isEqualTo(column("b").eq(new byte[] {1}));
  }

  @Test
  void constants_outOfBounds_areRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> column("v").eq(new Object()))
        .withMessageContaining("java.lang.Object is not a type");
    assertThatIllegalArgumentException().isThrownBy(() -> column("\udc00"));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> column("v").mod(0))
        .withMessageContaining("\"v\" is 0");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> column("v").eq(new BigDecimal("1E+1001")))
        .withMessageContaining("beyond");
  }

  @Test
  void filter_tooDeep_isRefused() {
    RowFilter deepest = nested(RowFilter.DEPTH_MAX);
    assertThat(RowFilter.decode(deepest.encode())).isEqualTo(deepest);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> nested(RowFilter.DEPTH_MAX + 1))
        .withMessageContaining("65 levels");
    byte[] tooDeep = new byte[1000];
    Arrays.fill(tooDeep, (byte) 7);
    tooDeep[0] = 1;
    assertMalformed(tooDeep, "deeper than 64");
  }

  private static RowFilter nested(int depth) {
    RowFilter result = column("v").isNull();
    for (int i = 1; i < depth; i++) {
      result = new RowFilter.Not(result);
    }
    return result;
  }

  @Test
  void encode_tooLong_isRefused() {
    List<Integer> many = IntStream.range(0, RowFilter.SIZE_MAX_BYTES / 2).boxed().toList();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> column("v").in(many).encode())
        .withMessageContaining("65536 bytes");
    assertMalformed(new byte[RowFilter.SIZE_MAX_BYTES + 1], "65537 bytes");
  }

  @Test
  void decode_ofOtherBytes_isRefused() {
    byte[] encoded = column("v").eq(5).encode();
    assertMalformed(new byte[0], "ends too early");
    assertMalformed(new byte[] {9, 4, 0}, "version 9");
    assertMalformed(Arrays.copyOf(encoded, encoded.length - 1), "ends too early");
    assertMalformed(Arrays.copyOf(encoded, encoded.length + 1), "only form");
    assertMalformed(new byte[] {1, 99}, "unknown condition 99");
    assertMalformed(new byte[] {1, 4, 2, (byte) 0xC0}, "only form"); // not UTF-8
    assertMalformed(new byte[] {1, 5, 4, 5, 0, 5}, "ends too early");
    assertMalformed(new byte[] {1, 5, 126, 5}, "cannot be");
  }

  private static void assertMalformed(byte[] bytes, String message) {
    assertThatThrownBy(() -> RowFilter.decode(bytes))
        .isInstanceOf(MalformedFilterException.class)
        .hasMessageContaining(message);
  }

  @Test
  void encoding_isPinned() {
    assertThat(column("v").mod(3).ne(-1).and(column("w").in("a")).encode())
        .containsExactly(1, 5, 4, 1, 2, 2, 'v', 6, 1, 1, 1, 2, 1, 2, 'w', 2, 5, 2, 'a');
  }

  @Test
  void decodedFilter_equalsTheEncoded() {
    for (Object constant : CONSTANTS) {
      RowFilter filter = column("é\0").atMost(constant);
      assertThat(RowFilter.decode(filter.encode())).isEqualTo(filter);
    }
    Seeds.check(
        500,
        random -> {
          RowFilter filter = randomFilter(random, 4);
          assertThat(RowFilter.decode(filter.encode())).isEqualTo(filter);
        });
  }

  @Test
  void mutatedBytes_areRefusedOrTheOnlyFormOfAnother() {
    Seeds.check(
        5000,
        random -> {
          byte[] bytes = randomFilter(random, 3).encode();
          for (int i = random.nextInt(4); i >= 0; i--) {
            bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
          }
          bytes[0] = 1;
          try {
            assertThat(RowFilter.decode(bytes).encode()).isEqualTo(bytes);
          } catch (MalformedFilterException e) {
            assertThat(e).hasMessageStartingWith("an encoded filter");
          }
        });
  }

  private static RowFilter randomFilter(RandomGenerator random, int depth) {
    RowFilter.Column column = column("c" + random.nextInt(3));
    return switch (random.nextInt(depth > 1 ? 8 : 5)) {
      case 0 -> column.isNull();
      case 1 -> column.startsWith(randomConstant(random));
      case 2 -> column.in(Collections.nCopies(random.nextInt(3), randomConstant(random)));
      case 3 -> column.mod(1 + random.nextInt(9)).lessThan(random.nextInt(9));
      case 4 ->
          new RowFilter.Comparison(
              column,
              OPERATORS.get(random.nextInt(OPERATORS.size())),
              Literal.of(randomConstant(random)));
      case 5 -> new RowFilter.Not(randomFilter(random, depth - 1));
      case 6 -> new RowFilter.And(randomParts(random, depth - 1));
      default -> new RowFilter.Or(randomParts(random, depth - 1));
    };
  }

  private static List<RowFilter> randomParts(RandomGenerator random, int depth) {
    List<RowFilter> parts = new ArrayList<>();
    for (int i = random.nextInt(4); i > 0; i--) {
      parts.add(randomFilter(random, depth));
    }
    return parts;
  }

  private static Object randomConstant(RandomGenerator random) {
    return CONSTANTS.get(random.nextInt(CONSTANTS.size()));
  }
}
