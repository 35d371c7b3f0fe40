package io.khonsu.internal.arrow;

import java.util.Arrays;
import java.util.List;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;

/**
 * The physical layout of one field and, below it, of its children.
 *
 * <p>{@link #width} is the bytes of a slot for {@code FIXED}, of an offset for {@code VAR}, {@code
 * LIST} and {@code LIST_VIEW}, and the elements of a slot for {@code FIXED_LIST}.
 */
final class Layout {
  /** How the slots of a column lie in memory. */
  enum Kind {
    NULL,
    BOOL,
    FIXED,
    VAR,
    VIEW,
    LIST,
    LIST_VIEW,
    FIXED_LIST,
    STRUCT,
    SPARSE_UNION,
    DENSE_UNION,
    RUN_END
  }

  final Field field;

  /** The type of the field; of its storage, if that is an extension type. */
  final ArrowType type;

  /** The name of the column, and of the fields below it, joined by dots. */
  final String path;

  final Kind kind;
  final int width;
  final List<Layout> children;

  /** Whether numbers are sign-extended. */
  final boolean signed;

  final boolean utf8;

  /** For each possible type id of a union the index of its child, or -1. */
  private final byte[] childOfTypeId;

  Layout(Field field, ArrowType type, String path, Kind kind, int width, List<Layout> children) {
    this.field = field;
    this.type = type;
    this.path = path;
    this.kind = kind;
    this.width = width;
    this.children = List.copyOf(children);
    this.signed = !(type instanceof ArrowType.Int number) || number.getIsSigned();
    this.utf8 =
        type instanceof ArrowType.Utf8
            || type instanceof ArrowType.LargeUtf8
            || type instanceof ArrowType.Utf8View;
    this.childOfTypeId = childOfTypeId(type);
  }

  boolean hasValidity() {
    return switch (kind) {
      case NULL, SPARSE_UNION, DENSE_UNION, RUN_END -> false;
      case BOOL, FIXED, VAR, VIEW, LIST, LIST_VIEW, FIXED_LIST, STRUCT -> true;
    };
  }

  /** {@return the buffers of this field alone, a view's data counted as one} */
  int bufferCount() {
    return switch (kind) {
      case NULL, RUN_END -> 0;
      case FIXED_LIST, STRUCT, SPARSE_UNION -> 1;
      case BOOL, FIXED, LIST, DENSE_UNION -> 2;
      case VAR, VIEW, LIST_VIEW -> 3;
    };
  }

  Layout child(int index) {
    return children.get(index);
  }

  /** {@return the index of the child that {@code typeId} selects, or -1 if there is none} */
  int childOf(int typeId) {
    return typeId < 0 ? -1 : childOfTypeId[typeId];
  }

  byte typeId(int child) {
    return (byte) ((ArrowType.Union) type).getTypeIds()[child];
  }

  private static byte[] childOfTypeId(ArrowType type) {
    if (!(type instanceof ArrowType.Union union)) {
      return new byte[0];
    }
    byte[] children = new byte[Byte.MAX_VALUE + 1];
    Arrays.fill(children, (byte) -1);
    int[] ids = union.getTypeIds();
    for (int i = 0; i < ids.length; i++) {
      children[ids[i]] = (byte) i;
    }
    return children;
  }
}
