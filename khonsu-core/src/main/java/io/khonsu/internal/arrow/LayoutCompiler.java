package io.khonsu.internal.arrow;

import io.khonsu.UnsupportedColumnException;
import io.khonsu.internal.arrow.Layout.Kind;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.arrow.vector.types.Types;
import org.apache.arrow.vector.types.UnionMode;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.jspecify.annotations.Nullable;

/** Finds the physical layout of a field, or says why it cannot be stored. */
final class LayoutCompiler {
  private static final int DEPTH_MAX = 32;

  private LayoutCompiler() {}

  static Layout compile(Field field) {
    return compile(field, field.getName(), 0);
  }

  private static Layout compile(Field field, String path, int depth) {
    ArrowType declared = field.getType();
    ArrowType type =
        declared instanceof ArrowType.ExtensionType extension ? extension.storageType() : declared;
    if (field.getDictionary() != null) {
      throw new UnsupportedColumnException(
          path,
          declared,
          "it is dictionary-encoded; declare the value type, encoded batches are decoded when"
              + " written");
    }
    if (depth > DEPTH_MAX) {
      throw new UnsupportedColumnException(path, declared, "it is nested deeper than " + DEPTH_MAX);
    }
    String reason = refusal(type, field.getChildren());
    if (reason != null) {
      throw new UnsupportedColumnException(path, declared, reason);
    }
    List<Layout> children = new ArrayList<>();
    for (Field child : field.getChildren()) {
      children.add(compile(child, path + "." + child.getName(), depth + 1));
    }
    Kind kind = kind(type, path);
    return new Layout(field, type, path, kind, width(type), children);
  }

  private static Kind kind(ArrowType type, String path) {
    return switch (type) {
      case ArrowType.Null _ -> Kind.NULL;
      case ArrowType.Bool _ -> Kind.BOOL;
      case ArrowType.Utf8 _, ArrowType.LargeUtf8 _, ArrowType.Binary _, ArrowType.LargeBinary _ ->
          Kind.VAR;
      case ArrowType.Utf8View _, ArrowType.BinaryView _ -> Kind.VIEW;
      case ArrowType.List _, ArrowType.LargeList _, ArrowType.Map _ -> Kind.LIST;
      case ArrowType.ListView _, ArrowType.LargeListView _ -> Kind.LIST_VIEW;
      case ArrowType.FixedSizeList _ -> Kind.FIXED_LIST;
      case ArrowType.Struct _ -> Kind.STRUCT;
      case ArrowType.Union union ->
          union.getMode() == UnionMode.Sparse ? Kind.SPARSE_UNION : Kind.DENSE_UNION;
      case ArrowType.RunEndEncoded _ -> Kind.RUN_END;
      default -> {
        if (width(type) == 0) {
          throw new UnsupportedColumnException(path, type, "its layout is unknown");
        }
        yield Kind.FIXED;
      }
    };
  }

  private static int width(ArrowType type) {
    return switch (type) {
      case ArrowType.Int number -> number.getBitWidth() / 8;
      case ArrowType.FloatingPoint number ->
          switch (number.getPrecision()) {
            case HALF -> 2;
            case SINGLE -> 4;
            case DOUBLE -> 8;
          };
      case ArrowType.Decimal decimal -> decimal.getBitWidth() / 8;
      case ArrowType.Date date ->
          switch (date.getUnit()) {
            case DAY -> 4;
            case MILLISECOND -> 8;
          };
      case ArrowType.Time time -> time.getBitWidth() / 8;
      case ArrowType.Timestamp _, ArrowType.Duration _ -> 8;
      case ArrowType.Interval interval ->
          switch (interval.getUnit()) {
            case YEAR_MONTH -> 4;
            case DAY_TIME -> 8;
            case MONTH_DAY_NANO -> 16;
          };
      case ArrowType.FixedSizeBinary binary -> binary.getByteWidth();
      case ArrowType.FixedSizeList list -> list.getListSize();
      case ArrowType.Utf8 _, ArrowType.Binary _, ArrowType.List _, ArrowType.Map _ -> 4;
      case ArrowType.ListView _ -> 4;
      case ArrowType.LargeUtf8 _, ArrowType.LargeBinary _ -> 8;
      case ArrowType.LargeList _, ArrowType.LargeListView _ -> 8;
      case ArrowType.Utf8View _, ArrowType.BinaryView _ -> 16;
      default -> 0;
    };
  }

  /** {@return why a field cannot be stored, or null if it can} */
  private static @Nullable String refusal(ArrowType type, List<Field> children) {
    return switch (type) {
      case ArrowType.Int number when !List.of(8, 16, 32, 64).contains(number.getBitWidth()) ->
          "integers have 8, 16, 32 or 64 bits";
      case ArrowType.Decimal decimal -> decimalRefusal(decimal);
      case ArrowType.FixedSizeBinary binary when binary.getByteWidth() <= 0 ->
          "its width must be positive";
      case ArrowType.Time time when !timeHasUnit(time) ->
          "seconds and milliseconds have 32 bits, microseconds and nanoseconds 64";
      case ArrowType.FixedSizeList list when list.getListSize() < 0 ->
          "its list size must not be negative";
      case ArrowType.List _,
          ArrowType.LargeList _,
          ArrowType.ListView _,
          ArrowType.LargeListView _,
          ArrowType.FixedSizeList _ ->
          children.size() == 1 ? null : "a list has one child field";
      case ArrowType.Map _ -> mapRefusal(children);
      case ArrowType.Struct _ -> duplicateRefusal(children);
      case ArrowType.Union union -> unionRefusal(union, children);
      case ArrowType.RunEndEncoded _ -> runEndRefusal(children);
      default -> children.isEmpty() ? null : "a type without children has child fields";
    };
  }

  private static boolean timeHasUnit(ArrowType.Time time) {
    return switch (time.getUnit()) {
      case SECOND, MILLISECOND -> time.getBitWidth() == 32;
      case MICROSECOND, NANOSECOND -> time.getBitWidth() == 64;
    };
  }

  private static @Nullable String decimalRefusal(ArrowType.Decimal decimal) {
    int digitsMax =
        switch (decimal.getBitWidth()) {
          case 128 -> 38;
          case 256 -> 76;
          default -> 0;
        };
    if (digitsMax == 0) {
      return "Arrow's Java library writes wrong data for decimals of fewer than 128 bits; declare"
          + " 128 or 256";
    }
    boolean fits = decimal.getPrecision() >= 1 && decimal.getPrecision() <= digitsMax;
    return fits ? null : "its precision must be 1 to " + digitsMax;
  }

  private static @Nullable String mapRefusal(List<Field> children) {
    if (children.size() != 1 || !(children.getFirst().getType() instanceof ArrowType.Struct)) {
      return "a map has one child field, a struct";
    }
    Field entries = children.getFirst();
    if (entries.isNullable() || entries.getChildren().size() != 2) {
      return "a map's entries are a non-nullable struct of a key and a value";
    }
    return entries.getChildren().getFirst().isNullable() ? "a map's key is not nullable" : null;
  }

  private static @Nullable String duplicateRefusal(List<Field> children) {
    Set<String> names = new HashSet<>();
    for (Field child : children) {
      if (child.getName() == null || !names.add(child.getName())) {
        return "the name '" + child.getName() + "' of a child field is missing or used twice";
      }
    }
    return null;
  }

  private static @Nullable String unionRefusal(ArrowType.Union union, List<Field> children) {
    int[] ids = union.getTypeIds();
    if (ids == null || ids.length != children.size() || ids.length == 0) {
      return "a union declares one type id for each of its children, and has at least one";
    }
    Set<Integer> distinct = new HashSet<>();
    int previous = -1;
    for (int i = 0; i < ids.length; i++) {
      String reason =
          distinct.add(ids[i])
              ? typeIdRefusal(union.getMode(), ids[i], previous, children.get(i))
              : "type id " + ids[i] + " is used twice";
      if (reason != null) {
        return reason;
      }
      previous = ids[i];
    }
    return duplicateRefusal(children);
  }

  @SuppressWarnings("EnumOrdinal") // That is how sparse union vectors number their children.
  private static @Nullable String typeIdRefusal(UnionMode mode, int id, int previous, Field child) {
    if (id < 0 || id > Byte.MAX_VALUE) {
      return "type id " + id + " is not in 0 to 127";
    }
    int ordinal = Types.getMinorTypeForArrowType(child.getType()).ordinal();
    if (mode == UnionMode.Sparse && id != ordinal) {
      return "Arrow's Java library reads sparse unions only if each type id is the number of the"
          + " child's type, here "
          + ordinal
          + " and not "
          + id
          + "; declare a dense union";
    }
    if (mode == UnionMode.Dense && id <= previous) {
      return "Arrow's Java library reorders the children of dense unions unless their type ids"
          + " increase";
    }
    return null;
  }

  private static @Nullable String runEndRefusal(List<Field> children) {
    if (children.size() != 2) {
      return "a run-end encoded field has two children, run ends and values";
    }
    Field ends = children.getFirst();
    boolean wide =
        ends.getType() instanceof ArrowType.Int number
            && number.getIsSigned()
            && number.getBitWidth() >= 32;
    // 16-bit run ends would limit every batch that is read or compacted to 32 767 rows.
    return wide && !ends.isNullable() ? null : "run ends are non-nullable int32 or int64";
  }
}
