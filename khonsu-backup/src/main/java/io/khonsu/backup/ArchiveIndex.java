package io.khonsu.backup;

import io.khonsu.backup.ArchiveStore.StoredObject;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;

/**
 * What an archive held at one moment. Objects that cannot be understood are set apart in {@link
 * #damages}: the others are of use without them. Immutable.
 */
final class ArchiveIndex {
  private static final String KIND = "archive";

  private final ArchiveStore archive;
  private final UUID id;
  private final Map<String, StoredObject> objects = new LinkedHashMap<>();
  private final NavigableMap<Integer, Timeline> timelines = new TreeMap<>();
  private final List<BaseBackup> bases = new ArrayList<>();
  private final List<SegmentFile> segments = new ArrayList<>();
  private final List<RestorePoint> points = new ArrayList<>();
  private final List<UnusableObjectException> damages = new ArrayList<>();

  /**
   * A segment in the archive.
   *
   * @param timeline that it is of
   * @param name what it is called
   * @param sizeBytes its size
   */
  record SegmentFile(int timeline, SegmentName name, long sizeBytes) {
    String object() {
      return Layout.log(timeline) + name;
    }
  }

  private ArchiveIndex(ArchiveStore archive, UUID id) {
    this.archive = archive;
    this.id = id;
  }

  /**
   * {@return the id of an archive, which is that of the store it was made for; empty if it is none}
   */
  static Optional<UUID> idOf(ArchiveStore archive) throws IOException {
    try (InputStream in = archive.open(Layout.ARCHIVE)) {
      Document.Reader reader = Document.Reader.of(KIND, Layout.ARCHIVE, in);
      UUID id = reader.take("archive", UUID::fromString);
      reader.end();
      return Optional.of(id);
    } catch (NoSuchFileException _) {
      return Optional.empty();
    }
  }

  /** Makes an archive of what is none yet. */
  static void create(ArchiveStore archive, UUID id) throws IOException {
    byte[] bytes = new Document.Writer(KIND).line("archive", id).bytes();
    boolean _ = archive.putIfAbsent(Layout.ARCHIVE, out -> out.write(bytes));
  }

  /**
   * Reads what an archive holds, but no segments and no files.
   *
   * @throws ForeignArchiveException if it is no archive
   */
  static ArchiveIndex load(ArchiveStore archive) throws IOException {
    UUID id = idOf(archive).orElseThrow(() -> noArchive(archive));
    ArchiveIndex index = new ArchiveIndex(archive, id);
    for (StoredObject object : archive.list("")) {
      index.objects.put(object.name(), object);
    }
    index.readTimelines();
    index.readPoints();
    return index;
  }

  static ForeignArchiveException noArchive(ArchiveStore archive) {
    return new ForeignArchiveException(
        "%s holds no archive: was another directory meant?".formatted(archive));
  }

  private void readTimelines() throws IOException {
    for (String name : objects.keySet()) {
      OptionalInt number = Layout.timelineOf(name);
      if (number.isPresent()) {
        read(name, in -> timelines.put(number.getAsInt(), checked(number.getAsInt(), name, in)));
      }
    }
    for (int timeline : timelines.keySet()) {
      readBases(timeline);
      readSegments(timeline);
    }
  }

  private Timeline checked(int number, String name, InputStream in) throws IOException {
    Timeline timeline = Timeline.read(number, in);
    if (!timeline.archive().equals(id)) {
      throw new DamagedArchiveException(name, "it is of another archive");
    }
    return timeline;
  }

  private void readBases(int timeline) throws IOException {
    for (String name : names(Layout.bases(timeline))) {
      read(
          name,
          in -> {
            BaseBackup base = BaseBackup.read(timeline, name, in);
            if (!base.archive().equals(id)) {
              throw new DamagedArchiveException(name, "it is of another archive");
            }
            bases.add(base);
          });
    }
  }

  private void readSegments(int timeline) {
    NavigableMap<Long, SegmentFile> best = new TreeMap<>();
    String prefix = Layout.log(timeline);
    for (String name : names(prefix)) {
      Optional<SegmentName> parsed = SegmentName.parse(name.substring(prefix.length()));
      if (parsed.isEmpty()) {
        damages.add(new DamagedArchiveException(name, "it is not called as a segment is"));
        continue;
      }
      SegmentFile file = new SegmentFile(timeline, parsed.get(), sizeBytes(name));
      best.merge(file.name().number(), file, this::better);
    }
    segments.addAll(best.values());
  }

  private SegmentFile better(SegmentFile one, SegmentFile other) {
    if (one.name().isComplete() && other.name().isComplete()) {
      damages.add(
          new DamagedArchiveException(
              other.object(), "there is another one of this number: two stores were archived"));
    }
    return other.name().supersedes(one.name()) ? other : one;
  }

  private void readPoints() throws IOException {
    for (String name : names(Layout.POINTS)) {
      read(name, in -> points.add(RestorePoint.read(name, in)));
    }
    points.sort(Comparator.comparingLong(RestorePoint::version));
  }

  private void read(String name, Parser parser) throws IOException {
    try (InputStream in = archive.open(name)) {
      parser.read(in);
    } catch (UnusableObjectException e) {
      damages.add(e);
    } catch (NoSuchFileException _) {
      objects.remove(name, objects.get(name)); // deleted since it was listed
    }
  }

  /** Reads an object. */
  @FunctionalInterface
  private interface Parser {
    void read(InputStream in) throws IOException;
  }

  private List<String> names(String prefix) {
    return objects.keySet().stream().filter(name -> name.startsWith(prefix)).toList();
  }

  ArchiveStore archive() {
    return archive;
  }

  UUID id() {
    return id;
  }

  /** {@return all objects, by their names} */
  Map<String, StoredObject> objects() {
    return objects;
  }

  NavigableMap<Integer, Timeline> timelines() {
    return timelines;
  }

  /** {@return all bases, timeline by timeline, oldest first} */
  List<BaseBackup> bases() {
    return bases;
  }

  /** {@return the segments, timeline by timeline, oldest first; of each number the one to read} */
  List<SegmentFile> segments() {
    return segments;
  }

  /** {@return the segments of one timeline, oldest first} */
  List<SegmentFile> segments(int timeline) {
    return segments.stream().filter(segment -> segment.timeline() == timeline).toList();
  }

  /** {@return the restore points, oldest first} */
  List<RestorePoint> points() {
    return points;
  }

  /** {@return what is wrong with objects that were read} */
  List<UnusableObjectException> damages() {
    return damages;
  }

  /** {@return what can be restored, timeline by timeline, without the objects of these names} */
  List<Window> windows(Set<String> without) {
    return timelines.values().stream()
        .flatMap(timeline -> new History(this, timeline, without).windows().stream())
        .toList();
  }

  /** {@return these names of objects, and those of bases that cannot do without one of them} */
  Set<String> unusable(Set<String> bad) {
    Set<String> names = new HashSet<>(bad);
    for (BaseBackup base : bases) {
      if (base.files().stream().anyMatch(file -> bad.contains(file.object()))) {
        names.add(base.object());
      }
    }
    return names;
  }

  /** {@return whether all files of a base are there, in their size} */
  boolean isWhole(BaseBackup base) {
    return wrong(base).isEmpty();
  }

  /** {@return the first thing that is wrong with the files of a base, as they are listed} */
  Optional<String> wrong(BaseBackup base) {
    return base.files().stream()
        .flatMap(file ->
            file.wrong(sizeBytes(file.object())).stream()
                .map(what -> "%s: %s".formatted(file.object(), what)))
        .findFirst();
  }

  /** {@return the size of an object, or -1 if it is not there} */
  long sizeBytes(String object) {
    StoredObject found = objects.get(object);
    return found == null ? -1 : found.sizeBytes();
  }

  /** Opens a segment, or what has taken its place since. */
  SegmentReader open(SegmentFile segment) throws IOException {
    try {
      return new SegmentReader(segment.object(), segment.name(), archive.open(segment.object()));
    } catch (NoSuchFileException e) {
      SegmentName successor = successor(segment).orElseThrow(() -> e);
      String object = Layout.log(segment.timeline()) + successor;
      return new SegmentReader(object, successor, archive.open(object));
    }
  }

  private Optional<SegmentName> successor(SegmentFile segment) throws IOException {
    String prefix = Layout.log(segment.timeline());
    return archive.list(prefix).stream()
        .flatMap(object -> SegmentName.parse(object.name().substring(prefix.length())).stream())
        .filter(name -> name.number() == segment.name().number())
        .reduce((one, other) -> one.supersedes(other) ? one : other);
  }
}
