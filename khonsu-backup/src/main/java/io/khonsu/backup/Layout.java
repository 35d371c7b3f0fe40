package io.khonsu.backup;

import java.util.Locale;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What objects of an archive are called. */
final class Layout {
  static final String ARCHIVE = "archive";
  static final String POINTS = "points/";
  static final String OBJECTS = "objects/";

  /** The one shard there is; clusters have more. */
  static final int SHARD = 0;

  static final int TIMELINE_MAX = 9_999;

  private static final String TIMELINE = "timeline";
  private static final Pattern TIMELINE_OBJECT = Pattern.compile("t([0-9]{4})/" + TIMELINE);

  private Layout() {}

  /** {@return the name of the object that tells of a timeline} */
  static String timeline(int number) {
    return directory(number) + TIMELINE;
  }

  /** {@return the number of the timeline that an object of this name tells of} */
  static OptionalInt timelineOf(String object) {
    Matcher matcher = TIMELINE_OBJECT.matcher(object);
    return matcher.matches()
        ? OptionalInt.of(Integer.parseInt(matcher.group(1)))
        : OptionalInt.empty();
  }

  /** {@return where the segments of a timeline are} */
  static String log(int timeline) {
    return shard(timeline) + "log/";
  }

  /** {@return where the manifests of a timeline's base backups are} */
  static String bases(int timeline) {
    return shard(timeline) + "base/";
  }

  static String base(int timeline, long version) {
    return bases(timeline) + hex(version);
  }

  static String object(Sha256 content) {
    return OBJECTS + content.hex();
  }

  /** {@return whether an object is a file of bases} */
  static boolean isFile(String object) {
    return object.startsWith(OBJECTS);
  }

  /** {@return a version as it stands in names: their order is that of the versions} */
  static String hex(long version) {
    return String.format(Locale.ROOT, "%016x", version);
  }

  private static String shard(int timeline) {
    return directory(timeline) + String.format(Locale.ROOT, "shard-%02d/", SHARD);
  }

  private static String directory(int timeline) {
    return String.format(Locale.ROOT, "t%04d/", timeline);
  }
}
