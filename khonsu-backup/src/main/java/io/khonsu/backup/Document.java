package io.khonsu.backup;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A small object of text: lines of a key and a value, for people and programs. The first line says
 * what it is and its format version, the last is the SHA-256 hash of all before. A reader takes the
 * lines in their order, and leaves none.
 */
final class Document {
  /** What is read at most: the manifest of a million files. */
  private static final int SIZE_MAX_BYTES = 256 << 20;

  private static final int FORMAT_VERSION = 1;
  private static final String HASH = "sha256";

  private Document() {}

  /** Puts lines together. */
  static final class Writer {
    private final StringBuilder text = new StringBuilder();

    Writer(String kind) {
      text.append("khonsu-").append(kind).append(' ').append(FORMAT_VERSION).append('\n');
    }

    /** Adds a line; {@code value} has no control characters. */
    Writer line(String key, Object value) {
      String shown = String.valueOf(value);
      if (shown.chars().anyMatch(Character::isISOControl)) {
        throw new IllegalArgumentException("%s has a control character".formatted(key));
      }
      text.append(key).append(' ').append(shown).append('\n');
      return this;
    }

    byte[] bytes() throws IOException {
      byte[] body = text.toString().getBytes(StandardCharsets.UTF_8);
      Sha256 hash = Sha256.of(new ByteArrayInputStream(body));
      return (text + HASH + ' ' + hash.hex() + '\n').getBytes(StandardCharsets.UTF_8);
    }
  }

  /** Takes lines apart. */
  static final class Reader {
    private final String name;
    private final List<String> lines;
    private int next;

    private Reader(String name, List<String> lines) {
      this.name = name;
      this.lines = lines;
    }

    /**
     * {@return what reads a document whose hash is right}
     *
     * @param name of the object, for messages
     * @param in closed by the caller
     */
    static Reader of(String kind, String name, InputStream in) throws IOException {
      byte[] bytes = in.readNBytes(SIZE_MAX_BYTES + 1);
      if (bytes.length > SIZE_MAX_BYTES) {
        throw new DamagedArchiveException(
            name, "it has more than %d bytes".formatted(SIZE_MAX_BYTES));
      }
      String text = new String(bytes, StandardCharsets.UTF_8);
      checkFormat(kind, name, text);
      int end = text.lastIndexOf(HASH + ' ');
      if (end < 0) {
        throw new DamagedArchiveException(name, "its last line is missing");
      }
      String body = text.substring(0, end);
      Sha256 hash = Sha256.of(new ByteArrayInputStream(body.getBytes(StandardCharsets.UTF_8)));
      // Compares bytes, so that a malformed character, which decodes to another, is found too.
      byte[] expected = (body + HASH + ' ' + hash.hex() + '\n').getBytes(StandardCharsets.UTF_8);
      if (!Arrays.equals(bytes, expected)) {
        throw new DamagedArchiveException(name, "its hash is wrong");
      }
      List<String> lines = new ArrayList<>(body.lines().toList());
      Reader reader = new Reader(name, lines);
      reader.next = 1;
      return reader;
    }

    private static void checkFormat(String kind, String name, String text) throws IOException {
      String start = "khonsu-" + kind + ' ';
      int end = text.indexOf('\n');
      if (end < 0 || !text.startsWith(start)) {
        throw new DamagedArchiveException(name, "it does not begin with \"%s\"".formatted(start));
      }
      String version = text.substring(start.length(), end);
      if (!version.matches("[1-9][0-9]{0,8}")) {
        throw new DamagedArchiveException(name, "its format version is no number");
      }
      int number = Integer.parseInt(version);
      if (number != FORMAT_VERSION) {
        throw new UnknownFormatException(name, kind, number, FORMAT_VERSION);
      }
    }

    /** {@return the value of the next line, which has this key} */
    String take(String key) throws DamagedArchiveException {
      String value = takeIf(key);
      if (value == null) {
        throw damaged("line %d has no \"%s\"".formatted(next + 1, key));
      }
      return value;
    }

    /** {@return the value of the next line if it has this key, else null} */
    @Nullable String takeIf(String key) {
      if (next == lines.size() || !lines.get(next).startsWith(key + ' ')) {
        return null;
      }
      return lines.get(next++).substring(key.length() + 1);
    }

    /** {@return the value of the next line as a number within bounds, both included} */
    long takeNumber(String key, long least, long most) throws DamagedArchiveException {
      return number(key, take(key), least, most);
    }

    long number(String key, String text, long least, long most) throws DamagedArchiveException {
      long value;
      try {
        value = Long.parseLong(text);
      } catch (NumberFormatException _) {
        throw damaged("%s is no number".formatted(key));
      }
      if (value < least || value > most) {
        throw damaged("%s is %d, not %d to %d".formatted(key, value, least, most));
      }
      return value;
    }

    /** {@return the value of the next line, as {@code parser} understands it} */
    <T> T take(String key, Function<String, T> parser) throws DamagedArchiveException {
      return parse(key, take(key), parser);
    }

    <T> T parse(String key, String text, Function<String, T> parser)
        throws DamagedArchiveException {
      try {
        return parser.apply(text);
      } catch (IllegalArgumentException | DateTimeException e) {
        throw damaged("%s: %s".formatted(key, e.getMessage()));
      }
    }

    /** Checks that nothing is left. */
    void end() throws DamagedArchiveException {
      if (next < lines.size()) {
        throw damaged("line %d is one too many".formatted(next + 1));
      }
    }

    DamagedArchiveException damaged(String what) {
      return new DamagedArchiveException(name, what);
    }
  }
}
