package io.khonsu.backup;

import io.khonsu.backup.SegmentFormat.Header;
import io.khonsu.backup.SegmentName.State;
import io.khonsu.spi.CommitHistory;
import io.khonsu.spi.LogRecord;
import io.khonsu.spi.ReplicatedHistory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/*
 * What is archived is a function of the log and of where its archive begins: segments are cut by
 * count and size alone. So whoever archives the same log writes the same objects, and a crash at
 * any moment is harmless: whoever goes on reads from the log again what is in no complete segment.
 * Partial segments are for restores only; but if the log has let go meanwhile of what is in one, it
 * is read back from there.
 *
 * A log that has let go of more leaves a gap. The segment before the gap stays partial, and the one
 * after it has the next number, so that the chain of hashes goes on and the versions show the gap.
 */
/** Copies commits into segments of an archive. Not thread-safe. */
final class LogArchiver {
  private final ArchiveStore archive;
  private final Timeline timeline;
  private final SegmentLimits limits;
  private final CommitHistory log;

  /** What the archive said it is. */
  private final Optional<UUID> id;

  private SegmentBuilder builder;
  private long completeVersion;
  private long archivedVersion;
  private long gaps;

  /** What the log is to have at {@link #completeVersion}; null once that was seen, or cannot be. */
  private @Nullable LogRecord expected;

  /**
   * Finds where the archive of a timeline has got to.
   *
   * @param archive in which the timeline exists
   * @param log borrowed
   */
  LogArchiver(ArchiveStore archive, Timeline timeline, CommitHistory log, SegmentLimits limits)
      throws IOException {
    this.archive = archive;
    this.timeline = timeline;
    this.limits = limits;
    this.log = log;
    this.id = ArchiveIndex.idOf(archive);
    List<SegmentName> names = names();
    Optional<SegmentName> complete = newest(names, State.COMPLETE);
    Sha256 hash = Sha256.NONE;
    if (complete.isPresent()) {
      Read read = read(complete.get());
      hash = read.hash;
      expected = new LogRecord(read.last.version(), read.last.payload().array());
    }
    this.completeVersion = complete.map(SegmentName::last).orElse(timeline.forkVersion());
    this.archivedVersion = completeVersion;
    long number = complete.map(name -> name.number() + 1).orElse(0L);
    this.builder = builder(number, completeVersion, hash);
    if (log.trimmedVersion() > completeVersion) {
      Optional<SegmentName> partial =
          newest(names, State.PARTIAL).filter(name -> name.number() >= number);
      if (partial.isPresent()) {
        readBack(partial.get());
      }
    }
    removeSuperseded(names);
  }

  private Optional<SegmentName> newest(List<SegmentName> names, State state) {
    return names.stream()
        .filter(name -> name.state() == state)
        .reduce(
            (one, other) -> one.number() > other.number() || one.supersedes(other) ? one : other);
  }

  private void readBack(SegmentName partial) throws IOException {
    try (SegmentReader reader = reader(partial)) {
      Header header = reader.header();
      builder = builder(header.number(), header.after(), header.previous());
      for (var frame = reader.next(); frame != null; frame = reader.next()) {
        builder.add(frame.version(), frame.payload());
      }
    }
    archivedVersion = builder.last();
  }

  /** {@return up to which version all that could be archived is} */
  long archivedVersion() {
    return archivedVersion;
  }

  /** {@return up to which version the log need not keep anything for the archive} */
  long completeVersion() {
    return completeVersion;
  }

  /** {@return how often the log had let go of transactions before they were archived} */
  long gaps() {
    return gaps;
  }

  /**
   * Archives the segments that the log completes, and takes up what comes after them.
   *
   * @return whether there is something that {@link #flush} would archive
   * @throws ForeignArchiveException if another history was archived on this timeline
   */
  boolean advance() throws IOException {
    rollIfComplete(); // writing it may have failed before
    if (log.trimmedVersion() > builder.last()) {
      skipGap();
    }
    if (log.trimmedVersion() >= completeVersion) {
      expected = null;
    }
    long upTo = log.syncedVersion();
    if (upTo < completeVersion && log instanceof ReplicatedHistory) {
      return false; // another replica has archived what this one has yet to apply
    }
    if (expected != null) {
      read(completeVersion - 1, upTo);
    } else if (upTo > builder.last()) {
      read(builder.last(), upTo);
    }
    if (expected != null) {
      throw otherHistory("version %d".formatted(expected.version()));
    }
    return builder.last() > archivedVersion;
  }

  /** Archives what {@link #advance} has taken up, as a partial segment. */
  void flush() throws IOException {
    if (builder.last() > archivedVersion) {
      put(builder.seal());
    }
  }

  private void read(long after, long upTo) throws IOException {
    try {
      log.read(after, record -> add(record, upTo));
    } catch (IllegalArgumentException e) {
      if (log.trimmedVersion() <= after) {
        throw e;
      }
      throw new IOException("the log was trimmed meanwhile", e); // the next turn skips the gap
    }
  }

  private void add(LogRecord record, long upTo) throws IOException {
    if (record.version() > upTo) {
      return; // a power failure might take it back
    }
    if (expected != null) {
      if (!record.equals(expected)) {
        throw otherHistory("version %d".formatted(expected.version()));
      }
      expected = null;
      return;
    }
    builder.add(record.version(), ByteBuffer.wrap(record.bytes()));
    rollIfComplete();
  }

  private void rollIfComplete() throws IOException {
    if (builder.isComplete()) {
      Sha256 hash = put(builder.seal());
      completeVersion = builder.last();
      builder = builder(builder.number() + 1, completeVersion, hash);
    }
  }

  private void skipGap() throws IOException {
    long trimmed = log.trimmedVersion();
    if (builder.isEmpty()) {
      builder = builder(builder.number(), trimmed, builder.previous());
    } else {
      SegmentBuilder.Sealed last = builder.seal();
      Sha256 hash = put(last);
      builder = builder(builder.number() + 1, trimmed, hash);
    }
    archivedVersion = trimmed;
    gaps++;
  }

  private SegmentBuilder builder(long number, long after, Sha256 previous) {
    Header header =
        new Header(timeline.archive(), timeline.number(), Layout.SHARD, number, after, previous);
    return new SegmentBuilder(header, limits);
  }

  /** Writes a segment, or makes sure that just this one is there; returns its hash. */
  private Sha256 put(SegmentBuilder.Sealed segment) throws IOException {
    SegmentName name = segment.name();
    checkIsThere();
    checkRivals(name, names()); // before it is there as well
    boolean added = archive.putIfAbsent(segment.object(), segment);
    List<SegmentName> names = names();
    checkRivals(name, names);
    if (!added && !read(name).hash.equals(segment.hash())) {
      throw otherHistory("segment %d".formatted(name.number()));
    }
    archivedVersion = Math.max(archivedVersion, name.last());
    removeSuperseded(names);
    return segment.hash();
  }

  /** A file system that is not mounted leaves an empty directory, which a segment must not fill. */
  private void checkIsThere() throws IOException {
    if (!ArchiveIndex.idOf(archive).equals(id)) {
      throw new IOException(
          "%s is not the archive that it was: is its file system mounted?".formatted(archive));
    }
  }

  private void checkRivals(SegmentName name, List<SegmentName> names)
      throws ForeignArchiveException {
    for (SegmentName other : names) {
      boolean isRival = other.number() == name.number() && other.isComplete() && name.isComplete();
      if (isRival && !other.equals(name)) {
        throw otherHistory("segment %d".formatted(name.number()));
      }
    }
  }

  private ForeignArchiveException otherHistory(String what) {
    return new ForeignArchiveException(
        "another history was archived as %s of timeline %d: two stores share it, or this one was"
                .formatted(what, timeline.number())
            + " brought back by other means than a restore. Restore it from the archive, or use"
            + " another archive");
  }

  private void removeSuperseded(List<SegmentName> names) throws IOException {
    for (SegmentName name : names) {
      boolean superseded =
          names.stream()
              .anyMatch(other -> other.number() == name.number() && other.supersedes(name));
      if (superseded && !name.isComplete()) {
        archive.delete(Layout.log(timeline.number()) + name);
      }
    }
  }

  private List<SegmentName> names() throws IOException {
    String prefix = Layout.log(timeline.number());
    List<SegmentName> names = new ArrayList<>();
    for (var object : archive.list(prefix)) {
      SegmentName.parse(object.name().substring(prefix.length())).ifPresent(names::add);
    }
    return names;
  }

  private Read read(SegmentName name) throws IOException {
    try (SegmentReader reader = reader(name)) {
      SegmentReader.Frame last = new SegmentReader.Frame(name.after(), ByteBuffer.allocate(0));
      for (var frame = reader.next(); frame != null; frame = reader.next()) {
        last = frame;
      }
      return new Read(last, reader.hash());
    }
  }

  /** What is remembered of a segment that was read. */
  private record Read(SegmentReader.Frame last, Sha256 hash) {}

  private SegmentReader reader(SegmentName name) throws IOException {
    String object = Layout.log(timeline.number()) + name;
    return new SegmentReader(object, name, archive.open(object));
  }
}
