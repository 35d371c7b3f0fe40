package io.khonsu.benchmarks;

import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Writes maps, iterables, strings, numbers and booleans as JSON. */
final class Json {
  private final StringBuilder out = new StringBuilder();

  private Json() {}

  static String of(Object value) {
    Json json = new Json();
    json.write(value, "\n");
    return json.out.append('\n').toString();
  }

  private void write(@Nullable Object value, String newLine) {
    switch (value) {
      case null -> out.append("null");
      case Map<?, ?> map -> writeMap(map, newLine);
      case Iterable<?> values -> writeList(values, newLine);
      case Double number -> out.append(String.format(Locale.ROOT, "%.6g", number));
      case Number number -> out.append(number);
      case Boolean truth -> out.append(truth);
      default -> writeString(value.toString());
    }
  }

  private void writeMap(Map<?, ?> map, String newLine) {
    String inner = newLine + "  ";
    String separator = "";
    out.append('{');
    for (Map.Entry<?, ?> entry : map.entrySet()) {
      out.append(separator).append(inner);
      writeString(entry.getKey().toString());
      out.append(": ");
      write(entry.getValue(), inner);
      separator = ",";
    }
    out.append(newLine).append('}');
  }

  private void writeList(Iterable<?> values, String newLine) {
    String inner = newLine + "  ";
    String separator = "";
    out.append('[');
    for (Object value : values) {
      out.append(separator).append(inner);
      write(value, inner);
      separator = ",";
    }
    out.append(newLine).append(']');
  }

  private void writeString(String value) {
    out.append('"');
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if (c == '"' || c == '\\') {
        out.append('\\').append(c);
      } else if (c < ' ') {
        out.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
      } else {
        out.append(c);
      }
    }
    out.append('"');
  }
}
