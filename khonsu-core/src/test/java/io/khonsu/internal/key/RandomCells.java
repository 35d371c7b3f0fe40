package io.khonsu.internal.key;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.apache.arrow.vector.extension.UuidType;
import org.apache.arrow.vector.types.DateUnit;
import org.apache.arrow.vector.types.FloatingPointPrecision;
import org.apache.arrow.vector.types.TimeUnit;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.FieldType;

/**
 * Random cells of every type that has an order, extreme ones often, and how they must compare. A
 * cell is a {@code Long}, {@code Double}, {@code BigInteger} (unscaled) or {@code byte[]}.
 */
public final class RandomCells {
  private static final List<String> LETTERS =
      List.of(
          "\0",
          "a",
          "b",
          "\u007f",
          "\u0080",
          "\u07ff",
          "\u0800",
          "\ud7ff",
          "\ufffd",
          "😀",
          "\udbff\udfff");
  private static final byte[] BYTES = {0, 1, 0x7F, (byte) 0x80, (byte) 0xFE, (byte) 0xFF};

  private RandomCells() {}

  /** {@return every type that a primary key can have} */
  public static List<FieldType> keyTypes() {
    List<ArrowType> types = new ArrayList<>();
    for (int bits : new int[] {8, 16, 32, 64}) {
      types.add(new ArrowType.Int(bits, true));
      types.add(new ArrowType.Int(bits, false));
    }
    types.add(new ArrowType.Bool());
    types.addAll(
        List.of(new ArrowType.Utf8(), new ArrowType.LargeUtf8(), new ArrowType.Utf8View()));
    types.addAll(
        List.of(new ArrowType.Binary(), new ArrowType.LargeBinary(), new ArrowType.BinaryView()));
    types.addAll(List.of(new ArrowType.FixedSizeBinary(3), new ArrowType.FixedSizeBinary(16)));
    types.add(UuidType.INSTANCE);
    types.addAll(
        List.of(new ArrowType.Date(DateUnit.DAY), new ArrowType.Date(DateUnit.MILLISECOND)));
    types.add(new ArrowType.Time(TimeUnit.SECOND, 32));
    types.add(new ArrowType.Time(TimeUnit.MILLISECOND, 32));
    types.add(new ArrowType.Time(TimeUnit.MICROSECOND, 64));
    types.add(new ArrowType.Time(TimeUnit.NANOSECOND, 64));
    for (TimeUnit unit : TimeUnit.values()) {
      types.add(new ArrowType.Timestamp(unit, null));
      types.add(new ArrowType.Timestamp(unit, "Europe/Berlin"));
      types.add(new ArrowType.Duration(unit));
    }
    types.add(new ArrowType.Decimal(38, 4, 128));
    types.add(new ArrowType.Decimal(10, -2, 128));
    types.add(new ArrowType.Decimal(76, 0, 256));
    List<FieldType> result = new ArrayList<>();
    types.forEach(type -> result.add(FieldType.nullable(type)));
    result.add(
        new FieldType(
            true,
            new ArrowType.FixedSizeBinary(16),
            null,
            Map.of(ArrowType.ExtensionType.EXTENSION_METADATA_KEY_NAME, "arrow.uuid")));
    return result;
  }

  /** {@return every type that a filter can compare} */
  public static List<FieldType> comparableTypes() {
    List<FieldType> result = keyTypes();
    for (FloatingPointPrecision precision : FloatingPointPrecision.values()) {
      result.add(FieldType.nullable(new ArrowType.FloatingPoint(precision)));
    }
    return result;
  }

  /** {@return one of {@code values}} */
  public static <T> T one(List<T> values, RandomGenerator random) {
    return values.get(random.nextInt(values.size()));
  }

  /** {@return a cell of the column} */
  public static Object cell(Field field, RandomGenerator random) {
    return switch (field.getType()) {
      case ArrowType.Utf8 _, ArrowType.LargeUtf8 _, ArrowType.Utf8View _ ->
          text(random).getBytes(StandardCharsets.UTF_8);
      case ArrowType.Binary _, ArrowType.LargeBinary _, ArrowType.BinaryView _ ->
          bytes(random.nextInt(10) == 0 ? 20 : random.nextInt(4), random);
      case ArrowType.FixedSizeBinary fixed -> bytes(fixed.getByteWidth(), random);
      case UuidType _ -> bytes(16, random);
      case ArrowType.Decimal decimal -> decimal(decimal, random);
      case ArrowType.FloatingPoint floating -> floating(floating, random);
      case ArrowType.Bool _ -> (Object) random.nextLong(2);
      default -> (Object) whole(field.getType(), random);
    };
  }

  private static String text(RandomGenerator random) {
    int length = random.nextInt(10) == 0 ? 15 : random.nextInt(4);
    StringBuilder result = new StringBuilder();
    for (int i = 0; i < length; i++) {
      result.append(one(LETTERS, random));
    }
    return result.toString();
  }

  private static byte[] bytes(int length, RandomGenerator random) {
    byte[] result = new byte[length];
    for (int i = 0; i < length; i++) {
      result[i] = BYTES[random.nextInt(BYTES.length)];
    }
    return result;
  }

  private static BigInteger decimal(ArrowType.Decimal type, RandomGenerator random) {
    BigInteger limit = BigInteger.TEN.pow(type.getPrecision());
    BigInteger greatest = limit.subtract(BigInteger.ONE);
    BigInteger any = new BigInteger(1, bytes(32, random)).mod(limit);
    BigInteger small = BigInteger.valueOf(random.nextInt(3));
    BigInteger size = one(List.of(any, small, greatest), random);
    return random.nextBoolean() ? size : size.negate();
  }

  private static double floating(ArrowType.FloatingPoint type, RandomGenerator random) {
    double any =
        one(
            List.of(
                0.0,
                -0.0,
                1.5,
                -1.5,
                Double.NaN,
                Double.NEGATIVE_INFINITY,
                Double.POSITIVE_INFINITY,
                -Double.MIN_VALUE,
                Double.MAX_VALUE,
                random.nextGaussian()),
            random);
    return switch (type.getPrecision()) {
      case HALF -> Float.float16ToFloat(Float.floatToFloat16((float) any));
      case SINGLE -> (float) any;
      case DOUBLE -> any;
    };
  }

  private static long whole(ArrowType type, RandomGenerator random) {
    int bits =
        switch (type) {
          case ArrowType.Int number -> number.getBitWidth();
          case ArrowType.Time time -> time.getBitWidth();
          case ArrowType.Date date -> date.getUnit() == DateUnit.DAY ? 32 : 64;
          default -> 64;
        };
    int unused = 64 - bits;
    long any =
        one(
            List.of(
                0L,
                1L,
                -1L,
                Long.MIN_VALUE >> unused,
                Long.MAX_VALUE >> unused,
                random.nextLong(-3, 4),
                86_400_000L * random.nextInt(100),
                random.nextLong()),
            random);
    boolean unsigned = type instanceof ArrowType.Int number && !number.getIsSigned();
    return unsigned ? any << unused >>> unused : any << unused >> unused;
  }

  /** {@return how cells of the column must compare} */
  public static Comparator<Object> order(Field field) {
    return switch (field.getType()) {
      case ArrowType.Utf8 _, ArrowType.LargeUtf8 _, ArrowType.Utf8View _ ->
          (a, b) -> Arrays.compare(codePoints(a), codePoints(b));
      case ArrowType.Binary _, ArrowType.LargeBinary _, ArrowType.BinaryView _ ->
          (a, b) -> Arrays.compareUnsigned((byte[]) a, (byte[]) b);
      case ArrowType.FixedSizeBinary _, UuidType _ ->
          (a, b) -> Arrays.compareUnsigned((byte[]) a, (byte[]) b);
      case ArrowType.Decimal _ -> (a, b) -> ((BigInteger) a).compareTo((BigInteger) b);
      case ArrowType.FloatingPoint _ ->
          (a, b) -> (double) a == (double) b ? 0 : Double.compare((double) a, (double) b);
      case ArrowType.Int number when !number.getIsSigned() ->
          (a, b) -> Long.compareUnsigned((long) a, (long) b);
      default -> (a, b) -> Long.compare((long) a, (long) b);
    };
  }

  private static int[] codePoints(Object utf8) {
    return new String((byte[]) utf8, StandardCharsets.UTF_8).codePoints().toArray();
  }
}
