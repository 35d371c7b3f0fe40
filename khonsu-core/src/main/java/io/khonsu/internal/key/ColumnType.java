package io.khonsu.internal.key;

import io.khonsu.Literal;
import io.khonsu.internal.arrow.ColumnView;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.IntStream;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.jspecify.annotations.Nullable;

/**
 * The order of a column's cells, and the Java values that they are.
 *
 * <p>Cells of {@link OrderedLong} types are put in order by a signed {@code long}, those of {@link
 * OrderedBytes} types by bytes, compared unsigned, the shorter first where one begins with the
 * other. A constant has its place in the same order.
 */
public sealed interface ColumnType {
  /** The name of the extension type whose values are UUIDs. */
  String UUID_EXTENSION = "arrow.uuid";

  /** {@return the column} */
  Field field();

  /** {@return the constants that the column can be compared with, for an error message} */
  String expected();

  /** A type whose cells a {@code long} puts in order. */
  sealed interface OrderedLong extends ColumnType permits WholeType, Floating {
    /** {@return the place of a cell that is not null} */
    long ordered(ColumnView column, int row);

    /**
     * {@return the place of a constant}
     *
     * @throws IllegalArgumentException if the column cannot hold it
     */
    long ordered(Literal constant);
  }

  /** A type whose cells bytes put in order. */
  sealed interface OrderedBytes extends ColumnType permits DecimalType, Bytes, FixedBytes {
    /** Writes the place of a cell that is not null, {@code column.lengthBytes(row)} bytes. */
    void ordered(ColumnView column, int row, byte[] target, int offset);

    /** {@return the place of a cell that is not null} */
    default byte[] ordered(ColumnView column, int row) {
      byte[] result = new byte[column.lengthBytes(row)];
      ordered(column, row, result, 0);
      return result;
    }

    /**
     * {@return the place of a constant}
     *
     * @throws IllegalArgumentException if the column cannot hold it
     */
    byte[] ordered(Literal constant);

    /** {@return the Java value at a place in the order} */
    Object value(byte[] ordered);
  }

  /**
   * Floating point of any width, compared as {@code double}: {@code -0.0} equals {@code 0.0}, NaN
   * equals itself and is above everything else. A constant that is no double is rounded to one.
   */
  record Floating(Field field) implements OrderedLong {
    @Override
    public long ordered(ColumnView column, int row) {
      return ordered(column.getDouble(row));
    }

    @Override
    public long ordered(Literal constant) {
      if (constant.value() instanceof Number number) {
        return ordered(number.doubleValue());
      }
      throw mismatch(constant);
    }

    @Override
    public String expected() {
      return "a number";
    }

    private static long ordered(double number) {
      long bits = Double.doubleToLongBits(number + 0.0); // one NaN, and no -0.0
      return bits ^ ((bits >> 63) & Long.MAX_VALUE);
    }
  }

  /** Strings, in the order of their code points, which is that of their UTF-8 bytes; or binary. */
  record Bytes(Field field, boolean text) implements OrderedBytes {
    @Override
    public void ordered(ColumnView column, int row, byte[] target, int offset) {
      column.copyBytes(row, target, offset);
    }

    @Override
    public byte[] ordered(Literal constant) {
      return switch (constant.value()) {
        case String string when text -> string.getBytes(StandardCharsets.UTF_8);
        case byte[] bytes when !text -> bytes;
        default -> throw mismatch(constant);
      };
    }

    @Override
    public Object value(byte[] ordered) {
      return text ? new String(ordered, StandardCharsets.UTF_8) : ordered;
    }

    @Override
    public String expected() {
      return text ? "a String" : "a byte[]";
    }
  }

  /** Binary of a fixed size, or UUIDs, which are such: both compare as unsigned bytes. */
  record FixedBytes(Field field, int sizeBytes, boolean uuid) implements OrderedBytes {
    private static final int UUID_BYTES = 16;

    @Override
    public void ordered(ColumnView column, int row, byte[] target, int offset) {
      column.copyBytes(row, target, offset);
    }

    @Override
    public byte[] ordered(Literal constant) {
      return switch (constant.value()) {
        case byte[] bytes when bytes.length == sizeBytes -> bytes;
        case UUID id when sizeBytes == UUID_BYTES -> bytes(id);
        default -> throw mismatch(constant);
      };
    }

    /**
     * {@return the bytes of a constant that cells may begin with: {@link #sizeBytes} or fewer}
     *
     * @throws IllegalArgumentException if no cell can
     */
    public byte[] orderedPrefix(Literal constant) {
      return constant.value() instanceof byte[] bytes && bytes.length <= sizeBytes
          ? bytes
          : ordered(constant);
    }

    @Override
    public Object value(byte[] ordered) {
      if (!uuid) {
        return ordered;
      }
      ByteBuffer halves = ByteBuffer.wrap(ordered);
      return new UUID(halves.getLong(), halves.getLong());
    }

    @Override
    public String expected() {
      String bytes = "a byte[] of length " + sizeBytes;
      return sizeBytes == UUID_BYTES ? "a UUID or " + bytes : bytes;
    }

    private static byte[] bytes(UUID id) {
      return ByteBuffer.allocate(UUID_BYTES)
          .putLong(id.getMostSignificantBits())
          .putLong(id.getLeastSignificantBits())
          .array();
    }
  }

  /**
   * {@return the order of a column's cells, or nothing if they have none: nested, dictionary and
   * run-end encoded types, intervals, null and 32- and 64-bit decimals}
   */
  static Optional<ColumnType> of(Field field) {
    return field.getDictionary() == null
        ? Optional.ofNullable(typeOf(field, field.getType()))
        : Optional.empty();
  }

  private static @Nullable ColumnType typeOf(Field field, ArrowType type) {
    return switch (type) {
      case ArrowType.Utf8 _, ArrowType.LargeUtf8 _, ArrowType.Utf8View _ -> new Bytes(field, true);
      case ArrowType.Binary _, ArrowType.LargeBinary _, ArrowType.BinaryView _ ->
          new Bytes(field, false);
      case ArrowType.FixedSizeBinary fixed -> fixedBytes(field, fixed, extensionName(field));
      case ArrowType.ExtensionType extension
          when extension.storageType() instanceof ArrowType.FixedSizeBinary fixed
              && extension.extensionName().equals(UUID_EXTENSION) ->
          fixedBytes(field, fixed, UUID_EXTENSION);
      case ArrowType.FloatingPoint _ -> new Floating(field);
      case ArrowType.Decimal decimal -> DecimalType.of(field, decimal).orElse(null);
      default -> WholeType.of(field, type).orElse(null);
    };
  }

  private static @Nullable String extensionName(Field field) {
    return field.getMetadata().get(ArrowType.ExtensionType.EXTENSION_METADATA_KEY_NAME);
  }

  private static ColumnType fixedBytes(
      Field field, ArrowType.FixedSizeBinary type, @Nullable String extension) {
    boolean uuid = UUID_EXTENSION.equals(extension) && type.getByteWidth() == FixedBytes.UUID_BYTES;
    return new FixedBytes(field, type.getByteWidth(), uuid);
  }

  /** {@return the literal of {@code value}, which is of some type that columns can have} */
  default Literal literal(@Nullable Object value) {
    if (value == null) {
      throw new IllegalArgumentException(
          "column %s takes %s, not null".formatted(describe(field()), expected()));
    }
    try {
      return Literal.of(value);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "column %s takes %s: %s".formatted(describe(field()), expected(), e.getMessage()), e);
    }
  }

  /** {@return the exception for a constant that the column cannot hold} */
  default IllegalArgumentException mismatch(Literal constant) {
    return new IllegalArgumentException(
        "column %s takes %s, not %s %s"
            .formatted(
                describe(field()),
                expected(),
                constant.value().getClass().getSimpleName(),
                constant));
  }

  /**
   * {@return the index of the column {@code name}}
   *
   * @throws IllegalArgumentException if the schema has none of that name, or several
   */
  static int indexOf(Schema schema, String name) {
    int[] indexes =
        IntStream.range(0, schema.getFields().size())
            .filter(i -> schema.getFields().get(i).getName().equals(name))
            .toArray();
    if (indexes.length != 1) {
      throw new IllegalArgumentException(
          "column \"%s\" is %s the columns %s"
              .formatted(
                  name,
                  indexes.length == 0 ? "not among" : "twice among",
                  schema.getFields().stream().map(Field::getName).toList()));
    }
    return indexes[0];
  }

  /** {@return the name and type of a column, as they stand in error messages} */
  static String describe(Field field) {
    return "\"" + field.getName() + "\" of type " + field.getType();
  }
}
