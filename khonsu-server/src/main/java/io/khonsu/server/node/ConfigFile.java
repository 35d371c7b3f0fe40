package io.khonsu.server.node;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * A file of lines {@code key = value}. Empty lines and lines that begin with {@code #} say nothing.
 * Every key that is asked for is known; when all were asked for, {@link #checkKeys} refuses others.
 */
final class ConfigFile {
  private static final int LENGTH_MAX = 1 << 20;

  private final Path path;
  private final Map<String, Entry> entries = new LinkedHashMap<>();
  private final TreeSet<String> known = new TreeSet<>();

  /** A value and where it stands. */
  record Entry(String key, String value, int line) {}

  /** Reads a value. */
  interface Reader<T> {
    /**
     * {@return what a text stands for}
     *
     * @throws IllegalArgumentException if it is none, saying what it must be
     */
    T read(String text);
  }

  private ConfigFile(Path path) {
    this.path = path;
  }

  static ConfigFile read(Path path) throws ConfigException {
    ConfigFile file = new ConfigFile(path);
    int line = 0;
    for (String text : file.lines()) {
      line++;
      String stripped = text.strip();
      if (!stripped.isEmpty() && !stripped.startsWith("#")) {
        file.add(stripped, line);
      }
    }
    return file;
  }

  private List<String> lines() throws ConfigException {
    try {
      if (Files.size(path) > LENGTH_MAX) {
        throw new ConfigException(path, "it has more than 1 MiB: name a configuration file", null);
      }
      return Files.readAllLines(path);
    } catch (NoSuchFileException e) {
      throw new ConfigException(path, "there is no such file", e);
    } catch (CharacterCodingException e) {
      throw new ConfigException(path, "it is not text in UTF-8", e);
    } catch (IOException e) {
      throw new ConfigException(path, "it cannot be read: " + e.getMessage(), e);
    }
  }

  private void add(String text, int line) throws ConfigException {
    int equals = text.indexOf('=');
    if (equals < 1) {
      throw new ConfigException(path, line, "this is not \"key = value\": " + text, null);
    }
    String key = text.substring(0, equals).strip();
    Entry entry = new Entry(key, text.substring(equals + 1).strip(), line);
    Entry former = entries.putIfAbsent(key, entry);
    if (former != null) {
      throw new ConfigException(
          path, line, "%s stands in line %d already".formatted(key, former.line), null);
    }
  }

  /** {@return the file's name} */
  Path path() {
    return path;
  }

  /** {@return the value of a key, or another if it has none} */
  <T extends @Nullable Object> T get(String key, T otherwise, Reader<T> reader)
      throws ConfigException {
    known.add(key);
    Entry entry = entries.get(key);
    return entry == null ? otherwise : read(entry, reader);
  }

  /** {@return the value of a key that must have one} */
  <T> T require(String key, String example, Reader<T> reader) throws ConfigException {
    known.add(key);
    Entry entry = entries.get(key);
    if (entry == null) {
      throw missing(key, example);
    }
    return read(entry, reader);
  }

  /** {@return that a key must have a value} */
  ConfigException missing(String key, String example) {
    return new ConfigException(
        path, "%s is missing, such as \"%s = %s\"".formatted(key, key, example), null);
  }

  /** {@return all that begin with a prefix, in the order in which they stand there} */
  List<Entry> withPrefix(String prefix) {
    List<Entry> found = new ArrayList<>();
    for (Entry entry : entries.values()) {
      if (entry.key.startsWith(prefix)) {
        known.add(entry.key);
        found.add(entry);
      }
    }
    return found;
  }

  /** {@return what the value of an entry stands for} */
  <T extends @Nullable Object> T read(Entry entry, Reader<T> reader) throws ConfigException {
    try {
      return reader.read(entry.value);
    } catch (IllegalArgumentException e) {
      throw wrong(entry, String.valueOf(e.getMessage()), e);
    }
  }

  /** {@return that the value of an entry is wrong} */
  ConfigException wrong(Entry entry, String why, @Nullable Throwable cause) {
    return new ConfigException(
        path, entry.line, "%s is \"%s\": %s".formatted(entry.key, entry.value, why), cause);
  }

  /** Refuses a key that nobody has asked for. */
  void checkKeys() throws ConfigException {
    for (Entry entry : entries.values()) {
      if (!known.contains(entry.key)) {
        throw new ConfigException(
            path,
            entry.line,
            "%s is unknown; did you mean %s?".formatted(entry.key, nearest(entry.key)),
            null);
      }
    }
  }

  private String nearest(String key) {
    String best = known.first();
    for (String candidate : known) {
      if (distance(key, candidate) < distance(key, best)) {
        best = candidate;
      }
    }
    return best;
  }

  /**
   * {@return how many letters must be added, left out or replaced to come from one to the other}
   */
  static int distance(String from, String to) {
    int[] row = new int[to.length() + 1];
    for (int j = 0; j < row.length; j++) {
      row[j] = j;
    }
    for (int i = 1; i <= from.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j < row.length; j++) {
        int replaced = diagonal + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
      }
    }
    return row[to.length()];
  }
}
