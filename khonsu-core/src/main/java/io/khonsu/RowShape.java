package io.khonsu;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;

/** The column names that rows of one schema have in common. */
final class RowShape {
  private final List<String> names;
  private final Map<String, Integer> indexes = new LinkedHashMap<>();

  RowShape(Schema schema) {
    this(schema.getFields().stream().map(Field::getName).toList());
  }

  RowShape(List<String> names) {
    this.names = List.copyOf(names);
    for (int i = 0; i < names.size(); i++) {
      indexes.putIfAbsent(names.get(i), i);
    }
  }

  List<String> names() {
    return names;
  }

  int indexOf(String name) {
    Integer index = indexes.get(name);
    if (index == null) {
      throw new IllegalArgumentException(
          "there is no column \"%s\", but %s".formatted(name, names));
    }
    return index;
  }
}
