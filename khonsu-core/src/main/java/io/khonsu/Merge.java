package io.khonsu;

import java.util.List;
import java.util.stream.Collectors;

/**
 * What a transaction merges into a row: a function with operands, made by {@link Merges}.
 * Immutable.
 */
public final class Merge {
  /** What there is to merge. */
  enum Kind {
    ADD,
    MAX,
    MIN,
    UNION,
    LATEST,
    CUSTOM
  }

  private final Kind kind;
  private final String name;
  private final List<Object> operands;

  Merge(Kind kind, String name, List<?> operands) {
    this.kind = kind;
    this.name = name;
    this.operands = List.copyOf(operands);
  }

  Kind kind() {
    return kind;
  }

  /** {@return the column, or the name of a custom function} */
  String name() {
    return name;
  }

  List<Object> operands() {
    return operands;
  }

  @Override
  public String toString() {
    String all = operands.stream().map(Object::toString).collect(Collectors.joining(", "));
    return switch (kind) {
      case ADD -> "add(%s, %s)".formatted(name, all);
      case MAX -> "max(%s, %s)".formatted(name, all);
      case MIN -> "min(%s, %s)".formatted(name, all);
      case UNION -> "union(%s, [%s])".formatted(name, all);
      case LATEST -> "latest(%s, %s)".formatted(name, all);
      case CUSTOM -> "%s(%s)".formatted(name, all);
    };
  }
}
