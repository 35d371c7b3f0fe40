package io.khonsu.internal.arrow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.UnsupportedColumnException;
import java.util.Arrays;
import java.util.List;
import org.apache.arrow.vector.types.UnionMode;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.DictionaryEncoding;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.FieldType;
import org.apache.arrow.vector.types.pojo.Schema;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class BatchSchemaTest {
  private static final ArrowType INT = new ArrowType.Int(32, true);
  private static final ArrowType TEXT = ArrowType.Utf8.INSTANCE;

  @Test
  void typesThatDoNotRoundTrip_areRefusedByColumnAndType() {
    refuse(field("d", new ArrowType.Decimal(9, 2, 32)), "'d'", "Decimal(9, 2, 32)", "128");
    refuse(field("d", new ArrowType.Decimal(9, 2, 64)), "'d'", "128");
    refuse(field("d", new ArrowType.Decimal(39, 2, 128)), "'d'", "precision");
    refuse(field("b", new ArrowType.FixedSizeBinary(0)), "'b'", "width");
    refuse(field("l", ArrowType.List.INSTANCE), "'l'", "one child");
    DictionaryEncoding encoding = new DictionaryEncoding(1, false, null);
    Field encoded = new Field("e", new FieldType(true, INT, encoding), null);
    refuse(encoded, "'e'", "declare the value type");
    refuse(field("l", ArrowType.List.INSTANCE, encoded), "'l.e'");
    refuse(field("s", ArrowType.Struct.INSTANCE, field("a", INT), field("a", TEXT)), "'s'", "'a'");
  }

  @Test
  void unions_thatArrowCannotRead_areRefused() {
    refuse(union(UnionMode.Dense, null), "'u'", "type id");
    refuse(union(UnionMode.Dense, new int[] {1}), "'u'", "type id");
    refuse(union(UnionMode.Dense, new int[] {1, 1}), "'u'", "twice");
    refuse(union(UnionMode.Dense, new int[] {5, 2}), "'u'", "increase");
    refuse(union(UnionMode.Dense, new int[] {-1, 2}), "'u'", "0 to 127");
    refuse(union(UnionMode.Sparse, new int[] {0, 1}), "'u'", "declare a dense union");
    Field fixed =
        field("f", new ArrowType.FixedSizeList(2), union(UnionMode.Dense, new int[] {0, 1}));
    refuse(fixed, "'f'", "Arrow's Java library");
  }

  @Test
  void runEnds_of16BitsOrNullable_areRefused() {
    Field narrow = new Field("e", FieldType.notNullable(new ArrowType.Int(16, true)), null);
    refuse(field("r", ArrowType.RunEndEncoded.INSTANCE, narrow, field("v", INT)), "'r'", "int32");
    refuse(
        field("r", ArrowType.RunEndEncoded.INSTANCE, field("e", INT), field("v", INT)), "non-null");
  }

  @Test
  void namesUsedTwice_areRefused() {
    assertThatThrownBy(() -> schema(field("a", INT), field("a", TEXT)))
        .isInstanceOf(UnsupportedColumnException.class)
        .hasMessageContaining("'a'");
  }

  @Test
  void columns_areFoundByName_andProjected() {
    BatchSchema schema = schema(field("a", INT), field("b", TEXT));
    assertThat(schema.indexOf("b")).hasValue(1);
    assertThat(schema.indexOf("B")).isEmpty();
    assertThat(schema.bufferCount()).isEqualTo(5);
    BatchSchema projected = schema.project(1);
    assertThat(projected.columnCount()).isEqualTo(1);
    assertThat(projected.field(0).getName()).isEqualTo("b");
  }

  private static void refuse(Field field, String... parts) {
    assertThatThrownBy(() -> schema(field))
        .isInstanceOf(UnsupportedColumnException.class)
        .hasMessageContainingAll(parts);
  }

  private static BatchSchema schema(Field... fields) {
    return BatchSchema.of(new Schema(Arrays.asList(fields)));
  }

  private static Field union(UnionMode mode, int @Nullable [] ids) {
    return field("u", new ArrowType.Union(mode, ids), field("i", INT), field("t", TEXT));
  }

  private static Field field(String name, ArrowType type, Field... children) {
    return new Field(name, FieldType.nullable(type), List.of(children));
  }
}
