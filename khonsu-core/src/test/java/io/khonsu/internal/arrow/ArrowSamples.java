package io.khonsu.internal.arrow;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.BaseFixedWidthVector;
import org.apache.arrow.vector.BaseLargeVariableWidthVector;
import org.apache.arrow.vector.BaseVariableWidthVector;
import org.apache.arrow.vector.BaseVariableWidthViewVector;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.BitVector;
import org.apache.arrow.vector.BitVectorHelper;
import org.apache.arrow.vector.ExtensionTypeVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.IntVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.complex.DenseUnionVector;
import org.apache.arrow.vector.complex.FixedSizeListVector;
import org.apache.arrow.vector.complex.LargeListVector;
import org.apache.arrow.vector.complex.LargeListViewVector;
import org.apache.arrow.vector.complex.ListVector;
import org.apache.arrow.vector.complex.ListViewVector;
import org.apache.arrow.vector.complex.RunEndEncodedVector;
import org.apache.arrow.vector.complex.StructVector;
import org.apache.arrow.vector.complex.UnionVector;
import org.apache.arrow.vector.extension.UuidType;
import org.apache.arrow.vector.types.DateUnit;
import org.apache.arrow.vector.types.FloatingPointPrecision;
import org.apache.arrow.vector.types.IntervalUnit;
import org.apache.arrow.vector.types.TimeUnit;
import org.apache.arrow.vector.types.Types;
import org.apache.arrow.vector.types.UnionMode;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.FieldType;
import org.apache.arrow.vector.types.pojo.Schema;

/**
 * Random schemas of every type that can be stored, and random data for them, made with Arrow's own
 * vectors alone. The same seed gives the same samples.
 */
public final class ArrowSamples {
  private static final int NESTED_KINDS = 11;

  private final RandomGenerator random;

  public ArrowSamples(long seed) {
    random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
  }

  public RandomGenerator random() {
    return random;
  }

  /** {@return every type without children} */
  public static List<ArrowType> leafTypes() {
    List<ArrowType> types = new ArrayList<>();
    types.add(ArrowType.Null.INSTANCE);
    types.add(ArrowType.Bool.INSTANCE);
    for (int bits : new int[] {8, 16, 32, 64}) {
      types.add(new ArrowType.Int(bits, true));
      types.add(new ArrowType.Int(bits, false));
    }
    for (FloatingPointPrecision precision : FloatingPointPrecision.values()) {
      types.add(new ArrowType.FloatingPoint(precision));
    }
    types.add(new ArrowType.Decimal(20, 4, 128));
    types.add(new ArrowType.Decimal(38, 0, 128));
    types.add(new ArrowType.Decimal(60, 10, 256));
    types.add(new ArrowType.Date(DateUnit.DAY));
    types.add(new ArrowType.Date(DateUnit.MILLISECOND));
    for (TimeUnit unit : TimeUnit.values()) {
      boolean narrow = unit == TimeUnit.SECOND || unit == TimeUnit.MILLISECOND;
      types.add(new ArrowType.Time(unit, narrow ? 32 : 64));
      types.add(new ArrowType.Timestamp(unit, null));
      types.add(new ArrowType.Timestamp(unit, "Europe/Berlin"));
      types.add(new ArrowType.Duration(unit));
    }
    for (IntervalUnit unit : IntervalUnit.values()) {
      types.add(new ArrowType.Interval(unit));
    }
    types.add(ArrowType.Utf8.INSTANCE);
    types.add(ArrowType.LargeUtf8.INSTANCE);
    types.add(ArrowType.Utf8View.INSTANCE);
    types.add(ArrowType.Binary.INSTANCE);
    types.add(ArrowType.LargeBinary.INSTANCE);
    types.add(ArrowType.BinaryView.INSTANCE);
    types.add(new ArrowType.FixedSizeBinary(3));
    types.add(UuidType.INSTANCE);
    return Collections.unmodifiableList(types);
  }

  /** {@return one column of every leaf type and of every nested kind} */
  public Schema everyType() {
    List<Field> fields = new ArrayList<>();
    for (ArrowType type : leafTypes()) {
      fields.add(new Field("c" + fields.size(), FieldType.nullable(type), null));
    }
    for (int kind = 0; kind < NESTED_KINDS; kind++) {
      String name = "c" + fields.size();
      Field field = nested(name, kind, 2);
      while (!hasVector(field)) {
        field = nested(name, kind, 2);
      }
      fields.add(field);
    }
    return new Schema(fields);
  }

  /** {@return a schema of that many random columns, nested at most that deep} */
  public Schema schema(int columns, int depth) {
    List<Field> fields = new ArrayList<>();
    for (int i = 0; i < columns; i++) {
      fields.add(field("c" + i, depth));
    }
    return new Schema(fields);
  }

  /** {@return a random field, nested at most {@code depth} deep} */
  public Field field(String name, int depth) {
    if (depth > 0 && random.nextInt(3) > 0) {
      Field nested = nested(name, random.nextInt(NESTED_KINDS), depth);
      return hasVector(nested) ? nested : field(name, depth);
    }
    return leaf(name, leafTypes().get(random.nextInt(leafTypes().size())));
  }

  /** {@return vectors of random data, with nulls where they are allowed; to be closed} */
  public VectorSchemaRoot root(Schema schema, int rows, BufferAllocator allocator) {
    VectorSchemaRoot root = VectorSchemaRoot.create(schema, allocator);
    for (FieldVector vector : root.getFieldVectors()) {
      fill(vector, rows);
    }
    root.setRowCount(rows);
    return root;
  }

  /** Arrow's Java library cannot nest every type in every other. */
  private static boolean hasVector(Field field) {
    try (BufferAllocator allocator = new RootAllocator();
        FieldVector vector = field.createVector(allocator)) {
      return vector.getValueCount() == 0;
    } catch (RuntimeException _) {
      return false;
    }
  }

  private Field leaf(String name, ArrowType type) {
    boolean nullable = type instanceof ArrowType.Null || random.nextInt(4) > 0;
    return new Field(name, new FieldType(nullable, type, null), null);
  }

  private Field nested(String name, int kind, int depth) {
    boolean nullable = random.nextInt(4) > 0;
    return switch (kind) {
      case 0 -> parent(name, nullable, ArrowType.List.INSTANCE, field("item", depth - 1));
      case 1 -> parent(name, nullable, ArrowType.LargeList.INSTANCE, field("item", depth - 1));
      case 2 -> parent(name, nullable, ArrowType.ListView.INSTANCE, field("item", depth - 1));
      case 3 -> parent(name, nullable, ArrowType.LargeListView.INSTANCE, field("item", depth - 1));
      case 4 -> parent(name, nullable, new ArrowType.FixedSizeList(3), field("item", depth - 1));
      case 5 -> {
        Field key = new Field("key", FieldType.notNullable(ArrowType.Utf8.INSTANCE), null);
        Field entries =
            parent("entries", false, ArrowType.Struct.INSTANCE, key, field("value", depth - 1));
        yield parent(name, nullable, new ArrowType.Map(false), entries);
      }
      case 6, 7 ->
          parent(
              name,
              nullable,
              ArrowType.Struct.INSTANCE,
              field("a", depth - 1),
              field("b", depth - 1));
      case 8 -> sparseUnion(name);
      case 9 ->
          parent(
              name,
              true,
              new ArrowType.Union(UnionMode.Dense, new int[] {3, 7}),
              field("x", depth - 1),
              field("y", depth - 1));
      default -> {
        boolean wide = random.nextBoolean();
        Field ends =
            new Field(
                "run_ends", FieldType.notNullable(new ArrowType.Int(wide ? 64 : 32, true)), null);
        ArrowType plain = random.nextBoolean() ? new ArrowType.Int(32, true) : utf8();
        Field values = new Field("values", FieldType.nullable(plain), null);
        yield parent(name, true, ArrowType.RunEndEncoded.INSTANCE, ends, values);
      }
    };
  }

  @SuppressWarnings("EnumOrdinal") // The numbering of Arrow's sparse union vectors.
  private static Field sparseUnion(String name) {
    List<ArrowType> types = List.of(new ArrowType.Int(32, true), utf8());
    int[] ids = types.stream().mapToInt(t -> Types.getMinorTypeForArrowType(t).ordinal()).toArray();
    return parent(
        name,
        true,
        new ArrowType.Union(UnionMode.Sparse, ids),
        new Field("i", FieldType.nullable(types.get(0)), null),
        new Field("s", FieldType.nullable(types.get(1)), null));
  }

  private static ArrowType utf8() {
    return ArrowType.Utf8.INSTANCE;
  }

  private static Field parent(String name, boolean nullable, ArrowType type, Field... children) {
    return new Field(name, new FieldType(nullable, type, null), List.of(children));
  }

  private boolean isNull(FieldVector vector) {
    return vector.getField().isNullable() && random.nextInt(4) == 0;
  }

  private void fill(FieldVector vector, int count) {
    switch (vector) {
      case ExtensionTypeVector<?> extension ->
          fill((FieldVector) extension.getUnderlyingVector(), count, vector);
      default -> fill(vector, count, vector);
    }
  }

  private void fill(FieldVector vector, int count, FieldVector declared) {
    switch (vector) {
      case BitVector bits -> fillBits(bits, count);
      case BaseFixedWidthVector fixed -> fillFixed(fixed, count, declared);
      case BaseVariableWidthVector var -> {
        var.allocateNew(count);
        for (int i = 0; i < count; i++) {
          if (!isNull(vector)) {
            var.setSafe(i, bytes(vector));
          }
        }
      }
      case BaseLargeVariableWidthVector var -> {
        var.allocateNew(count);
        for (int i = 0; i < count; i++) {
          if (!isNull(vector)) {
            var.setSafe(i, bytes(vector));
          }
        }
      }
      case BaseVariableWidthViewVector view -> {
        view.allocateNew(count);
        for (int i = 0; i < count; i++) {
          if (!isNull(vector)) {
            view.setSafe(i, bytes(vector));
          }
        }
      }
      default -> fillNested(vector, count);
    }
    vector.setValueCount(count);
  }

  private void fillBits(BitVector vector, int count) {
    vector.allocateNew(count);
    for (int i = 0; i < count; i++) {
      if (isNull(vector)) {
        vector.setNull(i);
      } else {
        vector.set(i, random.nextInt(2));
      }
    }
  }

  private void fillFixed(BaseFixedWidthVector vector, int count, FieldVector declared) {
    vector.allocateNew(count);
    int width = vector.getTypeWidth();
    for (int i = 0; i < count; i++) {
      if (isNull(declared)) {
        vector.setNull(i);
      } else {
        BitVectorHelper.setBit(vector.getValidityBuffer(), i);
        vector
            .getDataBuffer()
            .setBytes((long) i * width, fixed(vector.getField().getType(), width));
      }
    }
  }

  private void fillNested(FieldVector vector, int count) {
    List<FieldVector> children = vector.getChildrenFromFields();
    switch (vector) {
      case ListVector list -> {
        list.allocateNew();
        int total = 0;
        for (int i = 0; i < count; i++) {
          if (isNull(vector)) {
            list.setNull(i);
          } else {
            int size = random.nextInt(4);
            list.startNewValue(i);
            list.endValue(i, size);
            total += size;
          }
        }
        list.setLastSet(count - 1);
        fill(children.getFirst(), total);
      }
      case LargeListVector list -> {
        list.allocateNew();
        int total = 0;
        for (int i = 0; i < count; i++) {
          if (isNull(vector)) {
            list.setNull(i);
          } else {
            int size = random.nextInt(4);
            list.startNewValue(i);
            list.endValue(i, size);
            total += size;
          }
        }
        list.setLastSet(count - 1);
        fill(children.getFirst(), total);
      }
      case FixedSizeListVector list -> {
        list.allocateNew();
        while (list.getValidityBuffer().capacity() * 8 < count) {
          list.reAlloc();
        }
        for (int i = 0; i < count; i++) {
          if (isNull(vector)) {
            list.setNull(i);
          } else {
            list.setNotNull(i);
          }
        }
        fill(children.getFirst(), count * list.getListSize());
      }
      default -> fillViewsAndGroups(vector, count);
    }
  }

  private void fillViewsAndGroups(FieldVector vector, int count) {
    List<FieldVector> children = vector.getChildrenFromFields();
    switch (vector) {
      case ListViewVector list -> {
        int total = random.nextInt(5) + count;
        list.allocateNew();
        while (list.getValueCapacity() < count) {
          list.reAlloc();
        }
        fill(children.getFirst(), total);
        for (int i = 0; i < count; i++) {
          if (isNull(vector)) {
            list.setNull(i);
          } else {
            int size = random.nextInt(Math.min(4, total) + 1);
            list.setValidity(i, 1);
            list.setOffset(i, random.nextInt(total - size + 1));
            list.setSize(i, size);
          }
        }
      }
      case LargeListViewVector list -> {
        int total = random.nextInt(5) + count;
        list.allocateNew();
        while (list.getValueCapacity() < count) {
          list.reAlloc();
        }
        fill(children.getFirst(), total);
        for (int i = 0; i < count; i++) {
          if (isNull(vector)) {
            list.setNull(i);
          } else {
            int size = random.nextInt(Math.min(4, total) + 1);
            list.setValidity(i, 1);
            list.setOffset(i, random.nextInt(total - size + 1));
            list.setSize(i, size);
          }
        }
      }
      case StructVector struct -> {
        struct.allocateNew();
        while (struct.getValidityBuffer().capacity() * 8 < count) {
          struct.reAlloc();
        }
        for (int i = 0; i < count; i++) {
          if (isNull(vector)) {
            struct.setNull(i);
          } else {
            struct.setIndexDefined(i);
          }
        }
        children.forEach(child -> fill(child, count));
      }
      default -> fillUnionsAndRuns(vector, count);
    }
  }

  private void fillUnionsAndRuns(FieldVector vector, int count) {
    List<FieldVector> children = vector.getChildrenFromFields();
    switch (vector) {
      case UnionVector union -> {
        union.allocateNew();
        children.forEach(child -> fill(child, count));
        for (int i = 0; i < count; i++) {
          union.setType(i, children.get(random.nextInt(children.size())).getMinorType());
        }
      }
      case DenseUnionVector union -> {
        union.allocateNew();
        while (union.getTypeBuffer().capacity() < count
            || union.getOffsetBuffer().capacity() < 4L * count) {
          union.reAlloc();
        }
        int[] ids = ((ArrowType.Union) union.getField().getType()).getTypeIds();
        int[] used = new int[children.size()];
        for (int i = 0; i < count; i++) {
          int child = random.nextInt(children.size());
          union.setTypeId(i, (byte) ids[child]);
          union.getOffsetBuffer().setInt(4L * i, used[child]++);
        }
        for (int i = 0; i < used.length; i++) {
          fill(children.get(i), used[i]);
        }
      }
      case RunEndEncodedVector runs -> {
        List<Integer> ends = new ArrayList<>();
        for (int end = 0; end < count; ) {
          end = Math.min(count, end + 1 + random.nextInt(5));
          ends.add(end);
        }
        FieldVector endVector = children.getFirst();
        endVector.setInitialCapacity(ends.size());
        endVector.allocateNew();
        for (int i = 0; i < ends.size(); i++) {
          if (endVector instanceof IntVector narrow) {
            narrow.setSafe(i, ends.get(i));
          } else {
            ((BigIntVector) endVector).setSafe(i, ends.get(i));
          }
        }
        endVector.setValueCount(ends.size());
        fill(children.get(1), ends.size());
        runs.setValueCount(count);
      }
      default -> {}
    }
  }

  private byte[] bytes(FieldVector vector) {
    int size = random.nextInt(3) == 0 ? random.nextInt(40) : random.nextInt(9);
    if (!vector.getField().getType().toString().contains("Utf8")) {
      byte[] bytes = new byte[size];
      random.nextBytes(bytes);
      return bytes;
    }
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < size; i++) {
      int[] units = {'a' + random.nextInt(26), 0xe9, 0x20ac, 0x1f600};
      text.appendCodePoint(units[random.nextInt(5) > 0 ? 0 : random.nextInt(4)]);
    }
    return text.toString().getBytes(StandardCharsets.UTF_8);
  }

  private byte[] fixed(ArrowType type, int width) {
    byte[] bytes = new byte[width];
    random.nextBytes(bytes);
    switch (type) {
      case ArrowType.Decimal decimal -> {
        BigInteger limit = BigInteger.TEN.pow(decimal.getPrecision());
        BigInteger value = new BigInteger(bytes).remainder(limit);
        byte[] digits = value.toByteArray();
        for (int i = 0; i < width; i++) {
          int at = digits.length - 1 - i;
          bytes[i] = at >= 0 ? digits[at] : (byte) (value.signum() < 0 ? -1 : 0);
        }
      }
      case ArrowType.Date date -> {
        long days = random.nextInt(200_000) - 100_000L;
        number(bytes, date.getUnit() == DateUnit.DAY ? days : days * 86_400_000);
      }
      case ArrowType.Time time ->
          number(bytes, random.nextLong(86_400L * ValueReader.unitsPerSecond(time.getUnit())));
      case ArrowType.Timestamp timestamp ->
          number(
              bytes, random.nextLong(-(1L << 32), 1L << 32) * perSecond(timestamp.getUnit()) / 7);
      case ArrowType.Duration duration ->
          number(bytes, random.nextLong(-(1L << 32), 1L << 32) * perSecond(duration.getUnit()) / 7);
      case ArrowType.FloatingPoint real -> {
        double value = random.nextInt(20) == 0 ? Double.NaN : random.nextGaussian() * 100;
        switch (real.getPrecision()) {
          case HALF -> number(bytes, Float.floatToFloat16((float) value));
          case SINGLE -> number(bytes, Float.floatToIntBits((float) value));
          case DOUBLE -> number(bytes, Double.doubleToLongBits(value));
        }
      }
      default -> {}
    }
    return bytes;
  }

  private static long perSecond(TimeUnit unit) {
    return ValueReader.unitsPerSecond(unit);
  }

  private static void number(byte[] target, long value) {
    LittleEndian.put(target, 0, target.length, value);
  }
}
