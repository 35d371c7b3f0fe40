package io.khonsu.server;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Writes maps, lists, strings, numbers and booleans as JSON, indented, in the order given. */
final class Json {
  private final StringBuilder text = new StringBuilder();

  private Json() {}

  /**
   * {@return a value as JSON text}
   *
   * @param value a map with string keys, a list, a string, a finite number, a boolean or null
   * @throws IllegalArgumentException if there is anything else in it
   */
  static String write(@Nullable Object value) {
    Json json = new Json();
    json.append(value, 0);
    return json.text.toString();
  }

  private void append(@Nullable Object value, int depth) {
    switch (value) {
      case null -> text.append("null");
      case Map<?, ?> map -> appendMap(map, depth);
      case List<?> list -> appendList(list, depth);
      case String string -> appendString(string);
      case Double number when !Double.isFinite(number) -> throw unsupported(number);
      case Number number -> text.append(number);
      case Boolean bool -> text.append(bool);
      default -> throw unsupported(value);
    }
  }

  private static IllegalArgumentException unsupported(Object value) {
    return new IllegalArgumentException("JSON has no " + value.getClass().getName() + " " + value);
  }

  private void appendMap(Map<?, ?> map, int depth) {
    String separator = "{";
    for (Map.Entry<?, ?> entry : map.entrySet()) {
      text.append(separator);
      newLine(depth + 1);
      appendString(String.valueOf(entry.getKey()));
      text.append(": ");
      append(entry.getValue(), depth + 1);
      separator = ",";
    }
    close(map.isEmpty(), "{", "}", depth);
  }

  private void appendList(List<?> list, int depth) {
    String separator = "[";
    for (Object element : list) {
      text.append(separator);
      newLine(depth + 1);
      append(element, depth + 1);
      separator = ",";
    }
    close(list.isEmpty(), "[", "]", depth);
  }

  private void close(boolean isEmpty, String opening, String closing, int depth) {
    if (isEmpty) {
      text.append(opening);
    } else {
      newLine(depth);
    }
    text.append(closing);
  }

  private void newLine(int depth) {
    text.append('\n').repeat(' ', 2 * depth);
  }

  private void appendString(String string) {
    text.append('"');
    for (int i = 0; i < string.length(); i++) {
      char c = string.charAt(i);
      if (c == '"' || c == '\\') {
        text.append('\\').append(c);
      } else if (c < ' ') {
        text.append("\\u00").append(c < 16 ? "0" : "").append(Integer.toHexString(c));
      } else {
        text.append(c);
      }
    }
    text.append('"');
  }
}
