package io.khonsu.testkit.history;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads the part of EDN that histories use: maps, vectors, lists, integers, nil, keywords and
 * strings. Tags are skipped; every other word is kept as text. Numbers become {@code Long},
 * collections {@code List} and {@code Map}, nil null, everything else {@code String}.
 */
final class EdnParser {
  private static final int DEPTH_MAX = 32;

  private final String text;
  private int at;
  private int depth;

  private EdnParser(String text) {
    this.text = text;
  }

  /**
   * {@return the map that {@code text} writes, by the text of its keys; entries that are nil are
   * left out}
   */
  static Map<String, Object> parseMap(String text) {
    EdnParser parser = new EdnParser(text);
    Object value = parser.value();
    if (!(value instanceof Map<?, ?> map) || parser.skip()) {
      throw new IllegalArgumentException("not one map: " + text);
    }
    Map<String, Object> entries = new HashMap<>();
    map.forEach((key, entry) -> entries.put(String.valueOf(key), entry));
    return entries;
  }

  private @Nullable Object value() {
    if (!skip()) {
      throw new IllegalArgumentException("the text ends early");
    }
    char c = text.charAt(at);
    return switch (c) {
      case '{' -> map();
      case '[' -> sequence(']');
      case '(' -> sequence(')');
      case '"' -> string();
      case '#' -> tagged();
      default -> atom();
    };
  }

  /** Skips the tag and reads what it tags. */
  private @Nullable Object tagged() {
    at++;
    if (at < text.length() && text.charAt(at) != '{') {
      word();
    }
    return value();
  }

  private Map<Object, Object> map() {
    List<@Nullable Object> items = sequence('}');
    if (items.size() % 2 != 0) {
      throw new IllegalArgumentException("a map has a key without a value");
    }
    Map<Object, Object> map = new HashMap<>();
    for (int i = 0; i < items.size(); i += 2) {
      Object key = items.get(i);
      Object value = items.get(i + 1);
      if (key != null && value != null) {
        map.put(key, value);
      }
    }
    return map;
  }

  private List<@Nullable Object> sequence(char end) {
    at++;
    depth++;
    if (depth > DEPTH_MAX) {
      throw new IllegalArgumentException("nested deeper than " + DEPTH_MAX);
    }
    List<@Nullable Object> items = new ArrayList<>();
    while (skip() && text.charAt(at) != end) {
      items.add(value());
    }
    if (at >= text.length()) {
      throw new IllegalArgumentException("'" + end + "' is missing");
    }
    at++;
    depth--;
    return items;
  }

  private String string() {
    StringBuilder content = new StringBuilder();
    at++;
    while (at < text.length() && text.charAt(at) != '"') {
      if (text.charAt(at) == '\\') {
        at++;
      }
      if (at < text.length()) {
        content.append(text.charAt(at++));
      }
    }
    if (at >= text.length()) {
      throw new IllegalArgumentException("a string does not end");
    }
    at++;
    return content.toString();
  }

  private @Nullable Object atom() {
    String word = word();
    if (word.isEmpty()) {
      throw new IllegalArgumentException("unexpected '" + text.charAt(at) + "'");
    }
    if (word.equals("nil")) {
      return null;
    }
    return word.matches("[+-]?\\d{1,18}N?") ? Long.valueOf(word.replace("N", "")) : word;
  }

  private String word() {
    int start = at;
    while (at < text.length()
        && !isSpace(text.charAt(at))
        && "{}[]()\"".indexOf(text.charAt(at)) < 0) {
      at++;
    }
    return text.substring(start, at);
  }

  /** {@return whether something follows the white space} */
  private boolean skip() {
    while (at < text.length() && isSpace(text.charAt(at))) {
      at++;
    }
    return at < text.length();
  }

  private static boolean isSpace(char c) {
    return c == ',' || Character.isWhitespace(c);
  }
}
