package io.khonsu.internal.arrow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.InvalidBatchException;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.util.List;
import java.util.random.RandomGenerator;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.IntVector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ViewVarCharVector;
import org.apache.arrow.vector.complex.DenseUnionVector;
import org.apache.arrow.vector.complex.ListVector;
import org.apache.arrow.vector.complex.ListViewVector;
import org.apache.arrow.vector.complex.StructVector;
import org.apache.arrow.vector.dictionary.Dictionary;
import org.apache.arrow.vector.dictionary.DictionaryProvider.MapDictionaryProvider;
import org.apache.arrow.vector.ipc.message.ArrowFieldNode;
import org.apache.arrow.vector.types.UnionMode;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.DictionaryEncoding;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.FieldType;
import org.apache.arrow.vector.types.pojo.Schema;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BatchValidatorTest {
  private static final ArrowType INT = new ArrowType.Int(32, true);
  private static final ArrowType LONG = new ArrowType.Int(64, true);
  private static final ArrowType TEXT = ArrowType.Utf8.INSTANCE;

  private final BufferAllocator allocator = new RootAllocator();

  @AfterEach
  void nothingIsLeftBehind() {
    assertThat(allocator.getAllocatedMemory()).isZero();
    allocator.close();
  }

  @Test
  void columns_ofOtherNamesTypesOrNullability_areRefusedByName() {
    Schema given = schema(field("a", INT), field("b", TEXT));
    try (VectorSchemaRoot root = VectorSchemaRoot.create(given, allocator)) {
      root.allocateNew();
      root.setRowCount(0);
      refuse(root, schema(field("a", INT), field("c", TEXT)), "'b'", "'c'");
      refuse(root, schema(field("a", INT)), "no column 'b'");
      refuse(root, schema(field("a", INT), field("b", TEXT), field("c", INT)), "no column 'c'");
      refuse(root, schema(field("a", LONG), field("b", TEXT)), "'a'", "Int(32", "Int(64");
      refuse(root, schema(required("a", INT), field("b", TEXT)), "'a'", "nullable");
      BatchValidator.check(BatchSchema.of(given), root, null);
    }
  }

  @Test
  void vector_ofAnotherLength_isRefused() {
    Schema schema = schema(field("a", INT), field("b", INT));
    try (VectorSchemaRoot root = ints(schema, 3)) {
      root.getVector(1).setValueCount(2);
      refuse(root, schema, "'b'", "2 rows", "3");
    }
  }

  @Test
  void nulls_inANonNullableColumn_areRefusedByRow() {
    Schema schema = schema(required("a", INT));
    try (VectorSchemaRoot root = ints(schema, 3)) {
      ((IntVector) root.getVector(0)).setNull(1);
      refuse(root, schema, "'a'", "row 1", "not nullable");
    }
  }

  @Test
  void nulls_inANonNullableField_countOnlyWhereTheParentIsNot() {
    Schema schema = schema(parent("s", ArrowType.Struct.INSTANCE, required("a", INT)));
    try (VectorSchemaRoot root = VectorSchemaRoot.create(schema, allocator)) {
      StructVector struct = (StructVector) root.getVector(0);
      struct.allocateNew();
      IntVector child = (IntVector) struct.getChildrenFromFields().getFirst();
      child.setSafe(0, 7);
      child.setNull(1);
      struct.setIndexDefined(0);
      struct.setNull(1);
      root.setRowCount(2);
      BatchValidator.check(BatchSchema.of(schema), root, null);
      struct.setIndexDefined(1);
      refuse(root, schema, "'s.a'", "row 1");
    }
  }

  @Test
  void offsets_thatDecreaseOrPassTheData_areRefused() {
    Schema schema = schema(field("t", TEXT));
    for (int[] broken : new int[][] {{1, -1}, {1, 9}, {2, 1 << 20}, {0, 5}}) {
      try (VectorSchemaRoot root = texts(schema, "abc", "de", "f")) {
        root.getVector(0).getOffsetBuffer().setInt(4L * broken[0], broken[1]);
        refuse(root, schema, "'t'", "offset");
      }
    }
  }

  @Test
  void text_thatIsNotUtf8_isRefusedByRow() {
    Schema schema = schema(field("t", TEXT));
    byte[][] broken = {
      {(byte) 0xc0, (byte) 0x80},
      {(byte) 0xed, (byte) 0xa0, (byte) 0x80},
      {(byte) 0xf5, (byte) 0x80, (byte) 0x80, (byte) 0x80},
      {(byte) 0xe2, (byte) 0x82},
      {(byte) 0x80},
      {(byte) 0xff}
    };
    for (byte[] bytes : broken) {
      try (VectorSchemaRoot root = texts(schema, "fine", "é€😀")) {
        ((VarCharVector) root.getVector(0)).setSafe(2, bytes);
        root.setRowCount(3);
        refuse(root, schema, "'t'", "row 2", "UTF-8");
      }
    }
  }

  @Test
  void lists_outsideTheirChild_areRefused() {
    Schema lists = schema(parent("l", ArrowType.List.INSTANCE, field("item", INT)));
    try (VectorSchemaRoot root = VectorSchemaRoot.create(lists, allocator)) {
      ListVector list = (ListVector) root.getVector(0);
      list.allocateNew();
      list.startNewValue(0);
      list.endValue(0, 2);
      ((IntVector) list.getDataVector()).setSafe(1, 5);
      root.setRowCount(1);
      list.getDataVector().setValueCount(1);
      refuse(root, lists, "'l'", "row 0", "offset 2");
    }
    Schema views = schema(parent("v", ArrowType.ListView.INSTANCE, field("item", INT)));
    for (int[] broken : new int[][] {{-1, 1}, {0, -1}, {2, 3}, {Integer.MAX_VALUE, 2}}) {
      try (VectorSchemaRoot root = VectorSchemaRoot.create(views, allocator)) {
        ListViewVector list = (ListViewVector) root.getVector(0);
        list.allocateNew();
        ((IntVector) list.getDataVector()).setSafe(3, 5);
        root.setRowCount(1);
        list.getDataVector().setValueCount(4);
        list.setValidity(0, 1);
        list.getOffsetBuffer().setInt(0, broken[0]);
        list.getSizeBuffer().setInt(0, broken[1]);
        refuse(root, views, "'v'", "row 0");
      }
    }
  }

  @Test
  void views_outsideTheirData_areRefused() {
    Schema schema = schema(field("v", ArrowType.Utf8View.INSTANCE));
    for (int[] broken :
        new int[][] {{0, -4}, {0, 1 << 20}, {8, 3}, {8, -1}, {12, -5}, {12, 1 << 30}}) {
      try (VectorSchemaRoot root = VectorSchemaRoot.create(schema, allocator)) {
        ViewVarCharVector vector = (ViewVarCharVector) root.getVector(0);
        vector.allocateNew(16);
        vector.setSafe(0, "longer than twelve bytes".getBytes(StandardCharsets.UTF_8));
        root.setRowCount(1);
        BatchValidator.check(BatchSchema.of(schema), root, null);
        vector.getDataBuffer().setInt(broken[0], broken[1]);
        refuse(root, schema, "'v'", "row 0");
      }
    }
  }

  @Test
  void unions_ofUnknownTypesOrOutsideTheirChild_areRefused() {
    ArrowType type = new ArrowType.Union(UnionMode.Dense, new int[] {2, 5});
    Schema schema = schema(parent("u", type, field("i", INT), field("l", LONG)));
    for (int[] broken : new int[][] {{3, 0}, {-1, 0}, {2, 1}, {2, -1}, {5, 0}}) {
      try (VectorSchemaRoot root = VectorSchemaRoot.create(schema, allocator)) {
        DenseUnionVector union = (DenseUnionVector) root.getVector(0);
        union.allocateNew();
        ((IntVector) union.getChildrenFromFields().getFirst()).setSafe(0, 5);
        root.setRowCount(1);
        union.getChildrenFromFields().getFirst().setValueCount(1);
        union.getChildrenFromFields().get(1).setValueCount(0);
        union.getTypeBuffer().setByte(0, broken[0]);
        union.getOffsetBuffer().setInt(0, broken[1]);
        refuse(root, schema, "'u'", "row 0");
      }
    }
  }

  @Test
  void runs_thatDoNotIncreaseOrEndEarly_areRefused() {
    Field ends = required("run_ends", INT);
    Schema schema = schema(parent("r", ArrowType.RunEndEncoded.INSTANCE, ends, field("v", INT)));
    for (int[] broken : new int[][] {{0, 5}, {3, 3}, {3, 4}, {4, 2}}) {
      try (VectorSchemaRoot root = VectorSchemaRoot.create(schema, allocator)) {
        List<FieldVector> children = root.getVector(0).getChildrenFromFields();
        for (int i = 0; i < 2; i++) {
          ((IntVector) children.get(0)).setSafe(i, broken[i]);
          ((IntVector) children.get(1)).setSafe(i, i);
        }
        children.forEach(child -> child.setValueCount(2));
        root.setRowCount(5);
        refuse(root, schema, "'r'", "run");
      }
    }
  }

  @Test
  void buffers_thatAreTooShort_areRefused() {
    Schema schema = schema(field("a", LONG));
    try (VectorSchemaRoot root = VectorSchemaRoot.create(schema, allocator);
        ArrowBuf bits = allocator.buffer(8);
        ArrowBuf data = allocator.buffer(16)) {
      bits.setOne(0L, 8L);
      data.setZero(0L, 16L);
      root.setRowCount(40);
      root.getVector(0).loadFieldBuffers(new ArrowFieldNode(40, 0), List.of(bits, data));
      refuse(root, schema, "'a'", "16 bytes");
      root.setRowCount(100);
      ArrowFieldNode longer = new ArrowFieldNode(100, 0);
      root.getVector(0).loadFieldBuffers(longer, List.of(bits, data));
      refuse(root, schema, "'a'", "bitmap");
    }
  }

  @Test
  void dictionary_isDecodedWhenAppended_andItsIndexesAreChecked() {
    DictionaryEncoding encoding = new DictionaryEncoding(4, false, new ArrowType.Int(32, true));
    Field encoded = new Field("t", new FieldType(true, INT, encoding), null);
    Schema table = schema(field("t", TEXT));
    try (VectorSchemaRoot root = VectorSchemaRoot.create(schema(encoded), allocator);
        VarCharVector values = new VarCharVector("values", allocator)) {
      values.setSafe(0, "zero".getBytes(StandardCharsets.UTF_8));
      values.setNull(1);
      values.setSafe(2, "two".getBytes(StandardCharsets.UTF_8));
      values.setValueCount(3);
      IntVector indexes = (IntVector) root.getVector(0);
      int[] given = {2, 0, 1, 2};
      for (int i = 0; i < given.length; i++) {
        indexes.setSafe(i, given[i]);
      }
      indexes.setNull(4);
      root.setRowCount(5);
      refuse(root, table, "'t'", "dictionary 4");
      var dictionaries = new MapDictionaryProvider(new Dictionary(values, encoding));
      BatchBuilder builder = new BatchBuilder(BatchSchema.of(table));
      builder.append(root, dictionaries);
      String[] expected = {"two", "zero", null, "two", null};
      for (int i = 0; i < expected.length; i++) {
        assertThat(builder.getObject(0, i)).isEqualTo(expected[i]);
      }
      indexes.set(1, 3);
      assertThatThrownBy(() -> builder.append(root, dictionaries))
          .isInstanceOf(InvalidBatchException.class)
          .hasMessageContaining("row 1")
          .hasMessageContaining("index 3");
      assertThat(builder.rowCount()).isEqualTo(5);
      refuseRequired(root, dictionaries);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
  void garbageInAnyBuffer_isRefusedOrReadable(long seed) {
    ArrowSamples samples = new ArrowSamples(seed);
    RandomGenerator random = samples.random();
    Schema schema = samples.schema(6, 3);
    BatchSchema compiled = BatchSchema.of(schema);
    for (int round = 0; round < 12; round++) {
      try (VectorSchemaRoot root = samples.root(schema, 12, allocator)) {
        for (int i = 0; i < 4; i++) {
          ruin(root.getVector(random.nextInt(6)), random);
        }
        BatchBuilder builder = new BatchBuilder(compiled);
        try {
          builder.append(root);
        } catch (InvalidBatchException e) {
          assertThat(e).hasMessageContaining("column '");
          assertThat(builder.rowCount()).isZero();
          continue;
        }
        readAll(builder);
        try (FrozenBatch batch = builder.freeze(allocator)) {
          assertThat(batch.rowCount()).isEqualTo(12);
        }
      }
    }
  }

  private static void ruin(FieldVector vector, RandomGenerator random) {
    List<FieldVector> children = vector.getChildrenFromFields();
    if (!children.isEmpty() && random.nextBoolean()) {
      ruin(children.get(random.nextInt(children.size())), random);
      return;
    }
    List<ArrowBuf> buffers = vector.getFieldBuffers();
    if (buffers.isEmpty()) {
      return;
    }
    ArrowBuf buffer = buffers.get(random.nextInt(buffers.size()));
    if (buffer.capacity() > 0) {
      buffer.setByte(random.nextLong(Math.min(buffer.capacity(), 64)), random.nextInt(256));
    }
  }

  private static void readAll(BatchBuilder builder) {
    for (int column = 0; column < builder.schema().columnCount(); column++) {
      for (int row = 0; row < builder.rowCount(); row++) {
        try {
          var _ = builder.getObject(column, row);
        } catch (DateTimeException | ArithmeticException e) {
          // A number that is no time of its type is not a fault of the batch.
          assertThat(e).isNotNull();
        }
      }
    }
  }

  private void refuseRequired(VectorSchemaRoot root, MapDictionaryProvider dictionaries) {
    Schema required = schema(required("t", TEXT));
    assertThatThrownBy(() -> BatchValidator.check(BatchSchema.of(required), root, dictionaries))
        .isInstanceOf(InvalidBatchException.class)
        .hasMessageContaining("nullable");
  }

  private static void refuse(VectorSchemaRoot root, Schema table, String... parts) {
    assertThatThrownBy(() -> BatchValidator.check(BatchSchema.of(table), root, null))
        .isInstanceOf(InvalidBatchException.class)
        .hasMessageContainingAll(parts);
  }

  private VectorSchemaRoot ints(Schema schema, int rows) {
    VectorSchemaRoot root = VectorSchemaRoot.create(schema, allocator);
    for (FieldVector vector : root.getFieldVectors()) {
      for (int i = 0; i < rows; i++) {
        if (vector instanceof BigIntVector wide) {
          wide.setSafe(i, i);
        } else {
          ((IntVector) vector).setSafe(i, i);
        }
      }
    }
    root.setRowCount(rows);
    return root;
  }

  private VectorSchemaRoot texts(Schema schema, String... values) {
    VectorSchemaRoot root = VectorSchemaRoot.create(schema, allocator);
    VarCharVector vector = (VarCharVector) root.getVector(0);
    for (int i = 0; i < values.length; i++) {
      vector.setSafe(i, values[i].getBytes(StandardCharsets.UTF_8));
    }
    root.setRowCount(values.length);
    return root;
  }

  private static Schema schema(Field... fields) {
    return new Schema(List.of(fields));
  }

  private static Field field(String name, ArrowType type) {
    return new Field(name, FieldType.nullable(type), null);
  }

  private static Field required(String name, ArrowType type) {
    return new Field(name, FieldType.notNullable(type), null);
  }

  private static Field parent(String name, ArrowType type, Field... children) {
    return new Field(name, FieldType.nullable(type), List.of(children));
  }
}
