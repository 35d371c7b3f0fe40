package io.khonsu.benchmarks;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * Finds one of some values by its name, and lists the names.
 *
 * @param <E> the type of values
 */
abstract class Choice<E> implements ITypeConverter<E>, Iterable<String> {
  private final Map<String, E> known = new LinkedHashMap<>();

  Choice(E[] values, Function<E, String> name) {
    for (E value : values) {
      known.put(name.apply(value), value);
    }
  }

  @Override
  public final E convert(String name) {
    E found = known.get(name);
    if (found == null) {
      throw new TypeConversionException("'" + name + "' is none of " + known.keySet());
    }
    return found;
  }

  @Override
  public final Iterator<String> iterator() {
    return known.keySet().iterator();
  }
}
