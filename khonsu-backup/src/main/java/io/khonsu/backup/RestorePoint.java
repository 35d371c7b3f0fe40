package io.khonsu.backup;

import java.io.IOException;
import java.io.InputStream;
import java.time.Instant;
import java.util.regex.Pattern;

/**
 * A version with a name.
 *
 * @param name 1 to 64 of the characters {@code A-Z a-z 0-9 . _ -}, the first one no point
 * @param timeline in which it is
 * @param version the last transaction that a restore to it brings back
 * @param created when it was named, by the clock of the machine
 */
public record RestorePoint(String name, int timeline, long version, Instant created) {
  private static final String KIND = "restore-point";
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}");

  /** Checks the name. */
  public RestorePoint {
    checkName(name);
  }

  static void checkName(String name) {
    if (!NAME.matcher(name).matches()) {
      throw new IllegalArgumentException(
          "a restore point is called 1 to 64 of A-Z a-z 0-9 . _ -, first no point: not \"%s\""
              .formatted(name.length() > 64 ? name.substring(0, 64) + "..." : name));
    }
  }

  String object() {
    return Layout.POINTS + name;
  }

  byte[] bytes() throws IOException {
    return new Document.Writer(KIND)
        .line("name", name)
        .line("timeline", timeline)
        .line("version", version)
        .line("created", created)
        .bytes();
  }

  static RestorePoint read(String object, InputStream in) throws IOException {
    Document.Reader reader = Document.Reader.of(KIND, object, in);
    String name = reader.take("name", text -> checked(text));
    int timeline = (int) reader.takeNumber("timeline", 1, Layout.TIMELINE_MAX);
    long version = reader.takeNumber("version", 0, Long.MAX_VALUE);
    Instant created = reader.take("created", Instant::parse);
    reader.end();
    RestorePoint point = new RestorePoint(name, timeline, version, created);
    if (!point.object().equals(object)) {
      throw reader.damaged("it is another restore point than its name says");
    }
    return point;
  }

  private static String checked(String name) {
    checkName(name);
    return name;
  }
}
