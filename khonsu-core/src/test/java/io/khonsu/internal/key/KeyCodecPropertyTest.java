package io.khonsu.internal.key;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import io.khonsu.KeyRange;
import io.khonsu.Seeds;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.apache.arrow.vector.types.pojo.Field;
import org.junit.jupiter.api.Test;

/** Keys of random schemas and rows. */
class KeyCodecPropertyTest {
  private static final int ROWS = 40;
  private static final int SIZE_MAX_BYTES = 1000;

  @Test
  void encodings_compareLikeTheTuples() {
    Seeds.check(300, random -> checkOrder(randomFields(random), random));
  }

  @Test
  void encodings_ofEveryTypeAlone_compareLikeTheCells() {
    Seeds.check(
        5,
        random ->
            RandomCells.keyTypes()
                .forEach(type -> checkOrder(List.of(new Field("k", type, null)), random)));
  }

  private static void checkOrder(List<Field> fields, RandomGenerator random) {
    List<Object[]> rows = randomRows(fields, random);
    try (CellBatch batch = CellBatch.of(fields, rows)) {
      KeyCodec codec = codec(batch, fields);
      List<byte[]> keys = keys(batch, codec);
      for (int a = 0; a < ROWS; a++) {
        for (int b = 0; b < ROWS; b++) {
          int expected = compare(fields, rows.get(a), rows.get(b), fields.size());
          int actual = Arrays.compareUnsigned(keys.get(a), keys.get(b));
          if (Integer.signum(actual) != Integer.signum(expected)) {
            fail("%s: %s and %s", fields, codec.describe(keys.get(a)), codec.describe(keys.get(b)));
          }
        }
      }
    }
  }

  @Test
  void decodedValues_encodeToTheSameKey() {
    Seeds.check(
        300,
        random -> {
          List<Field> fields = randomFields(random);
          try (CellBatch batch = CellBatch.of(fields, randomRows(fields, random))) {
            KeyCodec codec = codec(batch, fields);
            for (byte[] key : keys(batch, codec)) {
              assertThat(codec.encode(codec.decode(key))).as("%s", fields).isEqualTo(key);
              assertThat(codec.describe(key)).startsWith("(").endsWith(")");
            }
          }
        });
  }

  @Test
  void mutatedKeys_areDescribedAnyway() {
    Seeds.check(
        200,
        random -> {
          List<Field> fields = randomFields(random);
          try (CellBatch batch = CellBatch.of(fields, randomRows(fields, random))) {
            KeyCodec codec = codec(batch, fields);
            for (byte[] key : keys(batch, codec)) {
              byte[] other = Arrays.copyOf(key, random.nextInt(key.length + 3));
              if (other.length > 0) {
                other[random.nextInt(other.length)] = (byte) random.nextInt();
              }
              assertThat(codec.describe(other)).startsWith("(").endsWith(")");
            }
          }
        });
  }

  @Test
  void ranges_containWhatTheirDefinitionSays() {
    Seeds.check(
        400,
        random -> {
          List<Field> fields = randomFields(random);
          List<Object[]> rows = randomRows(fields, random);
          try (CellBatch batch = CellBatch.of(fields, rows)) {
            KeyCodec codec = codec(batch, fields);
            List<byte[]> keys = keys(batch, codec);
            for (int i = 0; i < 20; i++) {
              checkRange(fields, rows, keys, codec, random);
            }
          }
        });
  }

  private static void checkRange(
      List<Field> fields,
      List<Object[]> rows,
      List<byte[]> keys,
      KeyCodec codec,
      RandomGenerator random) {
    int a = random.nextInt(ROWS);
    int b = random.nextInt(ROWS);
    int lowColumns = 1 + random.nextInt(fields.size());
    int highColumns = 1 + random.nextInt(fields.size());
    if (compare(fields, rows.get(a), rows.get(b), Math.min(lowColumns, highColumns)) > 0) {
      int c = a;
      a = b;
      b = c;
    }
    Object[] low = Arrays.copyOf(codec.decode(keys.get(a)), lowColumns);
    Object[] high = Arrays.copyOf(codec.decode(keys.get(b)), highColumns);
    Object[] lowRow = rows.get(a);
    Object[] highRow = rows.get(b);
    Predicate<Object[]> atLeast = row -> compare(fields, row, lowRow, lowColumns) >= 0;
    Predicate<Object[]> above = row -> compare(fields, row, lowRow, lowColumns) > 0;
    Predicate<Object[]> atMost = row -> compare(fields, row, highRow, highColumns) <= 0;
    Predicate<Object[]> below = row -> compare(fields, row, highRow, highColumns) < 0;
    List<Object> lows = Arrays.asList(low);
    List<Object> highs = Arrays.asList(high);
    Keys checked = new Keys(rows, keys, codec);
    checked.matches(KeyRange.all(), _ -> true);
    checked.matches(KeyRange.atLeast(low), atLeast);
    checked.matches(KeyRange.greaterThan(low), above);
    checked.matches(KeyRange.atMost(high), atMost);
    checked.matches(KeyRange.lessThan(high), below);
    checked.matches(KeyRange.closed(lows, highs), atLeast.and(atMost));
    checked.matches(KeyRange.closedOpen(lows, highs), atLeast.and(below));
    checked.matches(KeyRange.openClosed(lows, highs), above.and(atMost));
    checked.matches(KeyRange.open(lows, highs), above.and(below));
    checked.matches(
        KeyRange.startingWith(low), row -> compare(fields, row, lowRow, lowColumns) == 0);
    checked.matches(
        KeyRange.single(codec.decode(keys.get(a))),
        row -> compare(fields, row, lowRow, fields.size()) == 0);
    checked.matches(
        KeyRange.prefix(low),
        row ->
            compare(fields, row, lowRow, lowColumns - 1) == 0
                && begins(row[lowColumns - 1], lowRow[lowColumns - 1]));
  }

  /** Rows and their keys. */
  private record Keys(List<Object[]> rows, List<byte[]> keys, KeyCodec codec) {
    void matches(KeyRange range, Predicate<Object[]> expected) {
      EncodedRange encoded = codec.compile(range);
      for (int i = 0; i < rows.size(); i++) {
        if (encoded.contains(keys.get(i)) != expected.test(rows.get(i))) {
          fail("%s in %s", codec.describe(keys.get(i)), range);
        }
      }
    }
  }

  private static boolean begins(Object cell, Object prefix) {
    if (!(cell instanceof byte[] bytes && prefix instanceof byte[] start)) {
      return cell.equals(prefix);
    }
    return bytes.length >= start.length
        && Arrays.equals(bytes, 0, start.length, start, 0, start.length);
  }

  private static int compare(List<Field> fields, Object[] a, Object[] b, int columns) {
    for (int i = 0; i < columns; i++) {
      int order = RandomCells.order(fields.get(i)).compare(a[i], b[i]);
      if (order != 0) {
        return order;
      }
    }
    return 0;
  }

  private static KeyCodec codec(CellBatch batch, List<Field> fields) {
    List<String> names = fields.stream().map(Field::getName).toList();
    return KeyCodec.of(batch.schema(), names, SIZE_MAX_BYTES);
  }

  private static List<byte[]> keys(CellBatch batch, KeyCodec codec) {
    return IntStream.range(0, ROWS).mapToObj(row -> codec.encode(batch.columns(), row)).toList();
  }

  private static List<Field> randomFields(RandomGenerator random) {
    List<Field> fields = new ArrayList<>();
    int count = 1 + random.nextInt(4);
    for (int i = 0; i < count; i++) {
      fields.add(new Field("k" + i, RandomCells.one(RandomCells.keyTypes(), random), null));
    }
    return fields;
  }

  private static List<Object[]> randomRows(List<Field> fields, RandomGenerator random) {
    List<Object[]> rows = new ArrayList<>();
    for (int row = 0; row < ROWS; row++) {
      // Half of the cells stand in the row before as well: else later columns would never decide.
      Object[] before = rows.isEmpty() ? null : rows.getLast();
      Object[] cells = new Object[fields.size()];
      for (int i = 0; i < cells.length; i++) {
        cells[i] =
            before != null && random.nextBoolean()
                ? before[i]
                : RandomCells.cell(fields.get(i), random);
      }
      rows.add(cells);
    }
    return rows;
  }
}
