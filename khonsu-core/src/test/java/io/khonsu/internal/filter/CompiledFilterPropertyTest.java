package io.khonsu.internal.filter;

import static org.assertj.core.api.Assertions.fail;

import io.khonsu.RowFilter;
import io.khonsu.RowFilter.Operator;
import io.khonsu.Seeds;
import io.khonsu.internal.key.CellBatch;
import io.khonsu.internal.key.KeyCodec;
import io.khonsu.internal.key.RandomCells;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import java.util.random.RandomGenerator;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Random filters on random rows against a plain interpreter of three-valued logic. */
class CompiledFilterPropertyTest {
  private static final int ROWS = 20;

  /** A filter, and what it must give for a row of cells: true, false, or null for unknown. */
  private record Case(RowFilter filter, Function<@Nullable Object[], @Nullable Boolean> expected) {}

  @Test
  void test_givesWhatTheInterpreterGives() {
    Seeds.check(200, CompiledFilterPropertyTest::checkRandomFilters);
  }

  private static void checkRandomFilters(RandomGenerator random) {
    List<Field> fields = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      fields.add(new Field("c" + i, RandomCells.one(RandomCells.comparableTypes(), random), null));
    }
    List<@Nullable Object[]> rows = new ArrayList<>();
    for (int row = 0; row < ROWS; row++) {
      @Nullable Object[] cells = new @Nullable Object[fields.size()];
      for (int i = 0; i < cells.length; i++) {
        cells[i] = random.nextInt(5) == 0 ? null : RandomCells.cell(fields.get(i), random);
      }
      rows.add(cells);
    }
    try (CellBatch batch = new CellBatch(fields, rows)) {
      for (int i = 0; i < 10; i++) {
        Case checked = randomCase(fields, random, 3);
        CompiledFilter compiled =
            CompiledFilter.compile(RowFilter.decode(checked.filter().encode()), batch.schema());
        for (int row = 0; row < ROWS; row++) {
          boolean expected = Objects.equals(checked.expected().apply(rows.get(row)), true);
          if (compiled.test(batch.columns(), row) != expected) {
            fail("%s with %s, row %d: expected %s", fields, checked.filter(), row, expected);
          }
        }
      }
    }
  }

  private static Case randomCase(List<Field> fields, RandomGenerator random, int depth) {
    int column = random.nextInt(fields.size());
    Field field = fields.get(column);
    RowFilter.Column operand = RowFilter.column(field.getName());
    Object constant = RandomCells.cell(field, random);
    Object other = RandomCells.cell(field, random);
    return switch (random.nextInt(depth > 1 ? 6 : 3)) {
      case 0 -> {
        Operator operator = RandomCells.one(List.of(Operator.values()), random);
        yield comparison(column, operator, operand, field, constant);
      }
      case 1 -> {
        Case first = comparison(column, Operator.EQ, operand, field, constant);
        Case second = comparison(column, Operator.EQ, operand, field, other);
        RowFilter in = operand.in(natural(field, constant), natural(field, other));
        yield new Case(
            in, cells -> or(first.expected().apply(cells), second.expected().apply(cells)));
      }
      case 2 -> new Case(operand.isNull(), cells -> cells[column] == null);
      case 3 -> {
        Case part = randomCase(fields, random, depth - 1);
        yield new Case(part.filter().not(), cells -> not(part.expected().apply(cells)));
      }
      case 4 -> {
        Case a = randomCase(fields, random, depth - 1);
        Case b = randomCase(fields, random, depth - 1);
        yield new Case(
            a.filter().or(b.filter()),
            cells -> or(a.expected().apply(cells), b.expected().apply(cells)));
      }
      default -> {
        Case a = randomCase(fields, random, depth - 1);
        Case b = randomCase(fields, random, depth - 1);
        yield new Case(
            a.filter().and(b.filter()),
            cells -> not(or(not(a.expected().apply(cells)), not(b.expected().apply(cells)))));
      }
    };
  }

  private static Case comparison(
      int column, Operator operator, RowFilter.Column operand, Field field, Object constant) {
    Object natural = natural(field, constant);
    RowFilter filter =
        switch (operator) {
          case EQ -> operand.eq(natural);
          case NE -> operand.ne(natural);
          case LT -> operand.lessThan(natural);
          case LE -> operand.atMost(natural);
          case GT -> operand.greaterThan(natural);
          case GE -> operand.atLeast(natural);
        };
    return new Case(
        filter,
        cells -> {
          Object cell = cells[column];
          if (cell == null) {
            return null;
          }
          int order = RandomCells.order(field).compare(cell, constant);
          return switch (operator) {
            case EQ -> order == 0;
            case NE -> order != 0;
            case LT -> order < 0;
            case LE -> order <= 0;
            case GT -> order > 0;
            case GE -> order >= 0;
          };
        });
  }

  private static @Nullable Boolean not(@Nullable Boolean truth) {
    return truth == null ? null : !truth;
  }

  private static @Nullable Boolean or(@Nullable Boolean a, @Nullable Boolean b) {
    if (Objects.equals(a, true) || Objects.equals(b, true)) {
      return true;
    }
    return (a == null || b == null) ? null : false;
  }

  /** {@return the Java value of a cell; by way of a key, where there is one} */
  private static Object natural(Field field, Object cell) {
    if (field.getType() instanceof ArrowType.FloatingPoint) {
      return cell;
    }
    Object[] row = {cell};
    try (CellBatch batch = CellBatch.of(List.of(field), List.<Object[]>of(row))) {
      KeyCodec codec = KeyCodec.of(batch.schema(), List.of(field.getName()), 1000);
      return codec.decode(codec.encode(batch.columns(), 0))[0];
    }
  }
}
