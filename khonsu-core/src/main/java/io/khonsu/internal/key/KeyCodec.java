package io.khonsu.internal.key;

import io.khonsu.KeyRange;
import io.khonsu.KeyRange.Bound;
import io.khonsu.LimitExceededException;
import io.khonsu.Literal;
import io.khonsu.NullKeyException;
import io.khonsu.internal.arrow.ColumnView;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.jspecify.annotations.Nullable;

/**
 * The primary key of a row table as bytes, whose unsigned lexicographic order is the order of the
 * keys' tuples. Immutable.
 *
 * <p>Whole numbers are big-endian with the sign bit flipped, decimals likewise at the column's
 * scale, binary of fixed size is itself, strings and binary are escaped and ended, or themselves if
 * they come last. One key has one encoding. Key columns are told apart by name and never null.
 */
public final class KeyCodec {
  private static final byte[] NO_PREFIX = {};

  private final List<String> names;
  private final int[] columnIndexes;
  private final KeyPart[] parts;
  private final int sizeMaxBytes;

  private final int sizeMinBytes;
  private final boolean sameSize;

  private KeyCodec(List<String> names, int[] columnIndexes, KeyPart[] parts, int sizeMaxBytes) {
    this.names = names;
    this.columnIndexes = columnIndexes;
    this.parts = parts;
    this.sizeMaxBytes = sizeMaxBytes;
    this.sizeMinBytes = sizeMinBytes(parts);
    this.sameSize = Arrays.stream(parts).noneMatch(part -> part.type() instanceof ColumnType.Bytes);
  }

  /**
   * Returns the codec of a table's primary key.
   *
   * @param keyColumns names of columns of {@code schema}, in key order; at least one, none twice
   * @param sizeMaxBytes the most bytes that an encoded key may take
   * @throws IllegalArgumentException if there is no key column, one is unknown, ambiguous,
   *     repeated, or of a type that keys cannot have, or if no key can be that small
   */
  public static KeyCodec of(Schema schema, List<String> keyColumns, int sizeMaxBytes) {
    if (keyColumns.isEmpty()) {
      throw new IllegalArgumentException("a primary key needs at least one column");
    }
    Set<String> seen = new HashSet<>();
    int[] indexes = new int[keyColumns.size()];
    KeyPart[] parts = new KeyPart[keyColumns.size()];
    for (int i = 0; i < parts.length; i++) {
      String name = keyColumns.get(i);
      if (!seen.add(name)) {
        throw new IllegalArgumentException("key column \"%s\" is named twice".formatted(name));
      }
      indexes[i] = ColumnType.indexOf(schema, name);
      Field field = schema.getFields().get(indexes[i]);
      ColumnType type =
          ColumnType.of(field)
              .orElseThrow(() ->
                  new IllegalArgumentException(
                      "column %s cannot be in a primary key"
                          .formatted(ColumnType.describe(field))));
      parts[i] = KeyPart.of(type, i == parts.length - 1);
    }
    if (sizeMinBytes(parts) > sizeMaxBytes || sizeMaxBytes <= 0) {
      throw new IllegalArgumentException(
          "keys of %s take at least %d bytes, at most %d are allowed"
              .formatted(keyColumns, sizeMinBytes(parts), sizeMaxBytes));
    }
    return new KeyCodec(List.copyOf(keyColumns), indexes, parts, sizeMaxBytes);
  }

  private static int sizeMinBytes(KeyPart[] parts) {
    return Math.toIntExact(Arrays.stream(parts).mapToLong(KeyPart::sizeMinBytes).sum());
  }

  /** {@return the names of the key columns, in key order} */
  public List<String> columnNames() {
    return names;
  }

  /** {@return the indexes of the key columns in the schema, in key order; a copy} */
  public int[] columnIndexes() {
    return columnIndexes.clone();
  }

  /** {@return the most bytes that a key may take} */
  public int sizeMaxBytes() {
    return sizeMaxBytes;
  }

  /**
   * Returns the key of a row.
   *
   * @param keyColumns the key columns of a batch, in key order
   * @throws NullKeyException if a cell is null
   * @throws LimitExceededException if the key would take more than {@link #sizeMaxBytes}
   */
  public byte[] encode(ColumnView[] keyColumns, int row) {
    return encode(NO_PREFIX, keyColumns, row);
  }

  /** {@return the key of a row as {@link #encode(ColumnView[], int)}, behind {@code prefix}} */
  public byte[] encode(byte[] prefix, ColumnView[] keyColumns, int row) {
    byte[] result = Arrays.copyOf(prefix, prefix.length + checkedSizeBytes(keyColumns, row));
    int offset = prefix.length;
    for (int i = 0; i < parts.length; i++) {
      offset = parts[i].write(keyColumns[i], row, result, offset);
      if (offset == KeyPart.NEEDS_ESCAPES) {
        byte[][] encoded = new byte[parts.length][];
        Arrays.setAll(encoded, p -> parts[p].encode(keyColumns[p], row));
        return checkSize("the key of row " + row, prefix, join(prefix, encoded));
      }
    }
    return result;
  }

  /**
   * Returns the key with these values, one for each key column, of the types that {@link
   * Literal#of} takes.
   *
   * @throws NullKeyException if a value is null
   * @throws LimitExceededException if the key would take more than {@link #sizeMaxBytes}
   * @throws IllegalArgumentException if there are more or fewer values than key columns, or a value
   *     is not one that its column can hold
   */
  public byte[] encode(@Nullable Object... values) {
    return encode(NO_PREFIX, values);
  }

  /** {@return the key of values as {@link #encode(Object...)}, behind {@code prefix}} */
  public byte[] encode(byte[] prefix, @Nullable Object[] values) {
    if (values.length != parts.length) {
      throw arity(Arrays.asList(values));
    }
    byte[][] encoded = new byte[parts.length][];
    for (int i = 0; i < parts.length; i++) {
      if (values[i] == null) {
        throw new NullKeyException(
            "the value of key column \"%s\" is null".formatted(names.get(i)));
      }
      encoded[i] = parts[i].encode(parts[i].type().literal(values[i]));
    }
    return checkSize("the key", prefix, join(prefix, encoded));
  }

  /**
   * Returns the values of a key, as {@link #encode(Object...)} takes them: {@code Long} for whole
   * numbers, {@code BigInteger} for unsigned ones of 64 bits. A date or time that Java's types
   * cannot be comes as the column's number.
   *
   * @throws IllegalArgumentException if {@code key} is no key of this table
   */
  public Object[] decode(byte[] key) {
    ByteBuffer rest = ByteBuffer.wrap(key);
    Object[] values = new Object[parts.length];
    try {
      for (int i = 0; i < parts.length; i++) {
        values[i] = parts[i].decode(rest);
      }
    } catch (BufferUnderflowException | IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "0x%s is no key of %s".formatted(HexFormat.of().formatHex(key), names), e);
    }
    if (rest.hasRemaining()) {
      throw new IllegalArgumentException(
          "0x%s is no key of %s: %d bytes too many"
              .formatted(HexFormat.of().formatHex(key), names, rest.remaining()));
    }
    return values;
  }

  /** {@return a key as people read it, like {@code (7, "eu/1")}; bytes that are no key in hex} */
  public String describe(byte[] key) {
    try {
      return Arrays.stream(decode(key))
          .map(value -> Literal.of(value).toString())
          .collect(Collectors.joining(", ", "(", ")"));
    } catch (IllegalArgumentException _) {
      return "(0x" + HexFormat.of().formatHex(key) + ")";
    }
  }

  /**
   * Returns the encoded keys of a range.
   *
   * @throws LimitExceededException if a bound takes more than {@link #sizeMaxBytes}
   * @throws IllegalArgumentException if a bound has more values than there are key columns, a value
   *     is not one that its column can hold, a single key has fewer values, or the lower bound is
   *     above the upper
   */
  public EncodedRange compile(KeyRange range) {
    return switch (range) {
      case KeyRange.Between between -> compile(between);
      case KeyRange.StartingWith(var values) -> startingWith(values);
      case KeyRange.Single(var values) -> {
        if (values.size() != parts.length) {
          throw arity(values);
        }
        yield EncodedRange.single(encodeLeading(values));
      }
      case KeyRange.Prefix(var values) -> {
        checkLeading(values);
        byte[][] encoded = new byte[values.size()][];
        int last = encoded.length - 1;
        Arrays.setAll(
            encoded,
            i -> i == last ? parts[i].encodePrefix(values.get(i)) : parts[i].encode(values.get(i)));
        yield EncodedRange.prefix(
            checkSize("the prefix of the range", NO_PREFIX, join(NO_PREFIX, encoded)));
      }
    };
  }

  private EncodedRange compile(KeyRange.Between between) {
    EncodedRange above =
        switch (between.lower()) {
          case Bound.Unbounded() -> EncodedRange.all();
          case Bound.Included(var values) -> EncodedRange.of(startingWith(values).start(), null);
          case Bound.Excluded(var values) -> {
            byte[] end = startingWith(values).end();
            yield end == null ? EncodedRange.empty() : EncodedRange.of(end, null);
          }
        };
    byte[] end =
        switch (between.upper()) {
          case Bound.Unbounded() -> null;
          case Bound.Included(var values) -> startingWith(values).end();
          case Bound.Excluded(var values) -> startingWith(values).start();
        };
    checkOrder(between);
    return above.isEmpty() ? above : EncodedRange.of(above.start(), end);
  }

  /**
   * The range is inverted if its bounds differ, the wrong way round, in a column that both have.
   */
  private void checkOrder(KeyRange.Between between) {
    List<Literal> lower = values(between.lower());
    List<Literal> upper = values(between.upper());
    int common = Math.min(lower.size(), upper.size());
    if (common == 0) {
      return;
    }
    byte[] low = encodeLeading(lower.subList(0, common));
    byte[] high = encodeLeading(upper.subList(0, common));
    if (Arrays.compareUnsigned(low, high) > 0) {
      throw new IllegalArgumentException(
          "the lower bound %s of the range is above its upper bound %s".formatted(lower, upper));
    }
  }

  private static List<Literal> values(Bound bound) {
    return switch (bound) {
      case Bound.Unbounded() -> List.of();
      case Bound.Included(var values) -> values;
      case Bound.Excluded(var values) -> values;
    };
  }

  private EncodedRange startingWith(List<Literal> values) {
    byte[] encoded = encodeLeading(values);
    return values.size() == parts.length
        ? EncodedRange.single(encoded) // a last string may go on, in keys that are not meant
        : EncodedRange.prefix(encoded);
  }

  private byte[] encodeLeading(List<Literal> values) {
    checkLeading(values);
    byte[][] encoded = new byte[values.size()][];
    Arrays.setAll(encoded, i -> parts[i].encode(values.get(i)));
    return checkSize("the bound of the range", NO_PREFIX, join(NO_PREFIX, encoded));
  }

  private void checkLeading(List<Literal> values) {
    if (values.size() > parts.length) {
      throw arity(values);
    }
  }

  private int checkedSizeBytes(ColumnView[] keyColumns, int row) {
    if (keyColumns.length != parts.length) {
      throw new IllegalArgumentException(
          "%d columns given for the key %s".formatted(keyColumns.length, names));
    }
    for (int i = 0; i < parts.length; i++) {
      if (keyColumns[i].isNull(row)) {
        throw new NullKeyException(
            "key column \"%s\" is null in row %d".formatted(names.get(i), row));
      }
    }
    if (sameSize) {
      return sizeMinBytes;
    }
    long sizeBytes = 0;
    for (int i = 0; i < parts.length; i++) {
      sizeBytes += parts[i].sizeBytes(keyColumns[i], row);
    }
    if (sizeBytes > sizeMaxBytes) {
      throw tooLong("the key of row " + row, sizeBytes);
    }
    return (int) sizeBytes;
  }

  private byte[] checkSize(String subject, byte[] prefix, byte[] encoded) {
    if (encoded.length - prefix.length > sizeMaxBytes) {
      throw tooLong(subject, encoded.length - prefix.length);
    }
    return encoded;
  }

  private LimitExceededException tooLong(String subject, long sizeBytes) {
    return new LimitExceededException(subject, sizeBytes, "keySizeMaxBytes", sizeMaxBytes);
  }

  private static byte[] join(byte[] prefix, byte[][] encoded) {
    int sizeBytes = prefix.length;
    for (byte[] part : encoded) {
      sizeBytes = Math.addExact(sizeBytes, part.length);
    }
    byte[] result = Arrays.copyOf(prefix, sizeBytes);
    int offset = prefix.length;
    for (byte[] part : encoded) {
      System.arraycopy(part, 0, result, offset, part.length);
      offset += part.length;
    }
    return result;
  }

  private IllegalArgumentException arity(List<?> values) {
    return new IllegalArgumentException(
        "the key %s has %d columns, %d values given".formatted(names, parts.length, values.size()));
  }
}
