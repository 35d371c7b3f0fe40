package io.khonsu.backup;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Instant;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Keeps named objects of bytes: a directory, an object store. An object is written once, and is
 * there whole or not at all, whatever crashes. Thread-safe, also among processes.
 *
 * <p>A name is one to eight parts with a slash between; a part is 1 to 128 of the characters {@code
 * A-Z a-z 0-9 . _ -}, and begins with no point. Every method refuses other names with an {@link
 * IllegalArgumentException}. Every implementation passes {@code ArchiveStoreContract}.
 */
public interface ArchiveStore {
  /**
   * Writes an object unless there is one of that name. On return it is durable, under its name; if
   * this throws, it is there whole or not at all.
   *
   * @return false if there was one: it is as it was, but {@link StoredObject#modified} is now
   */
  boolean putIfAbsent(String name, Content content) throws IOException;

  /**
   * {@return the bytes of an object, to be closed by the caller}
   *
   * @throws java.nio.file.NoSuchFileException if there is none of that name
   */
  InputStream open(String name) throws IOException;

  /**
   * {@return the objects whose names begin with a prefix, in the order of their names}
   *
   * @param prefix nothing, or parts of a name that each end with a slash
   */
  List<StoredObject> list(String prefix) throws IOException;

  /**
   * {@return those of {@link #list(String)} whose names come after {@code after}} Implementations
   * that can make this cheaper than listing all do so.
   *
   * @param after not necessarily a name
   */
  default List<StoredObject> list(String prefix, String after) throws IOException {
    return list(prefix).stream().filter(object -> object.name().compareTo(after) > 0).toList();
  }

  /** Removes an object, if there is one of that name. */
  void delete(String name) throws IOException;

  /**
   * Removes an object unless {@link StoredObject#modified} is {@code than} or later. Whoever finds
   * an object there by {@link #putIfAbsent}, and finds it there again after that returned, keeps
   * it, whatever happens at the same time.
   *
   * @return whether it was removed
   */
  boolean deleteIfOlder(String name, Instant than) throws IOException;

  /**
   * {@return {@code name}, which is one that objects can have}
   *
   * @throws IllegalArgumentException if it is none
   */
  static String checkName(String name) {
    if (name.length() > Names.LENGTH_MAX || !Names.PATTERN.matcher(name).matches()) {
      throw new IllegalArgumentException(
          "\"%s\" is no name of an object: one to eight parts of A-Z a-z 0-9 . _ - with / between"
              .formatted(name.length() > Names.LENGTH_MAX ? name.substring(0, 64) + "..." : name));
    }
    return name;
  }

  /** Writes the bytes of an object. */
  @FunctionalInterface
  interface Content {
    /** Writes all of it; the stream is closed by the caller. */
    void writeTo(OutputStream out) throws IOException;
  }

  /**
   * What a listing says of an object.
   *
   * @param name its name
   * @param sizeBytes its size
   * @param modified when it was written, or was last found to be there already
   */
  record StoredObject(String name, long sizeBytes, Instant modified) {}

  /** What {@link #checkName} goes by. */
  final class Names {
    private static final int LENGTH_MAX = 8 * 129;
    private static final String PART = "[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}";
    private static final Pattern PATTERN = Pattern.compile(PART + "(/" + PART + "){0,7}");

    private Names() {}
  }
}
