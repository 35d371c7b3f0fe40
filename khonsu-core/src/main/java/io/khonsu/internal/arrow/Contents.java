package io.khonsu.internal.arrow;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Equality of the Java values of cells. */
public final class Contents {
  private Contents() {}

  /** {@return a value that is equal to another if their types and contents are, byte arrays too} */
  public static @Nullable Object comparable(@Nullable Object value) {
    return switch (value) {
      case byte[] bytes -> ByteBuffer.wrap(bytes);
      case List<?> list -> {
        List<@Nullable Object> items = new ArrayList<>(list.size());
        list.forEach(item -> items.add(comparable(item)));
        yield items;
      }
      case Map<?, ?> map -> {
        Map<@Nullable Object, @Nullable Object> entries = new LinkedHashMap<>();
        map.forEach((key, item) -> entries.put(comparable(key), comparable(item)));
        yield entries;
      }
      case null, default -> value;
    };
  }
}
