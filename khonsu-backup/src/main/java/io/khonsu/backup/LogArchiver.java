package io.khonsu.backup;

import io.khonsu.backup.ArchiveIndex.SegmentFile;
import io.khonsu.backup.SegmentFormat.Header;
import io.khonsu.backup.SegmentName.State;
import io.khonsu.spi.CommitHistory;
import io.khonsu.spi.LogRecord;
import io.khonsu.spi.ReplicatedHistory;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;
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

  /** The newest segment that this has written; null if there is none yet. */
  private @Nullable SegmentName written;

  private long completeVersion;

  /** The number of the newest complete segment, which stays whatever is pruned; -1 if none was. */
  private long completeNumber = -1;

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
    this.builder = builder(0, timeline.forkVersion(), Sha256.NONE);
    List<SegmentFile> files = files("");
    goOnAfter(files);
    for (SegmentFile file : files) {
      if (isSuperseded(file.name(), files.stream().filter(other -> other.name().isComplete()))) {
        archive.delete(file.object());
      }
    }
  }

  /** Goes on after what is archived, and reads back what is in no complete segment nor the log. */
  private void goOnAfter(List<SegmentFile> files) throws IOException {
    goOnAfter(newest(files, State.COMPLETE));
    if (log.trimmedVersion() > completeVersion) {
      long number = builder.number();
      Optional<SegmentName> partial =
          newest(files, State.PARTIAL).filter(name -> name.number() >= number);
      if (partial.isPresent()) {
        readBack(partial.get());
      }
    }
  }

  private static Optional<SegmentName> newest(List<SegmentFile> files, State state) {
    return files.stream()
        .map(SegmentFile::name)
        .filter(name -> name.state() == state)
        .reduce(
            (one, other) -> one.number() > other.number() || one.supersedes(other) ? one : other);
  }

  /** Goes on after what is complete, whoever has archived it, and looks whether the log has it. */
  private void goOnAfter(Optional<SegmentName> complete) throws IOException {
    long number = 0;
    Sha256 hash = Sha256.NONE;
    completeVersion = timeline.forkVersion();
    expected = null;
    if (complete.isPresent()) {
      Read read = read(complete.get());
      completeNumber = complete.get().number();
      number = completeNumber + 1;
      hash = read.hash;
      completeVersion = complete.get().last();
      expected = new LogRecord(read.last.version(), read.last.payload().array());
    }
    archivedVersion = Math.max(archivedVersion, completeVersion);
    builder = builder(number, completeVersion, hash);
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
   * Archives the next segment, if the log completes it, or else takes up what there is of it.
   *
   * @return whether there may be more: call it again; if not, {@link #flush} archives the rest
   * @throws ForeignArchiveException if another history was archived on this timeline
   */
  boolean advance() throws IOException {
    if (rollIfComplete()) {
      return true; // writing it had failed before
    }
    if (log.trimmedVersion() > builder.last()) {
      if (log instanceof ReplicatedHistory) {
        goOnAfterOthers();
      } else {
        skipGap();
      }
    }
    if (log.trimmedVersion() >= completeVersion) {
      expected = null;
    }
    long upTo = log.syncedVersion();
    if (upTo < completeVersion && log instanceof ReplicatedHistory) {
      return false; // another replica has archived what this one has yet to apply
    }
    boolean more = false;
    if (expected != null) {
      more = read(completeVersion - 1, upTo);
    } else if (upTo > builder.last()) {
      more = read(builder.last(), upTo);
    }
    if (expected != null && !more) {
      throw otherHistory("version %d".formatted(expected.version()));
    }
    return more;
  }

  /** Archives what {@link #advance} has taken up, as a partial segment. */
  void flush() throws IOException {
    if (builder.last() > archivedVersion) {
      boolean _ = put(builder.seal());
    }
  }

  /** {@return whether it ended with a segment, before the end of the log} */
  private boolean read(long after, long upTo) throws IOException {
    try {
      log.read(
          after,
          record -> {
            if (add(record, upTo)) {
              throw new EndOfSegmentException();
            }
          });
      return false;
    } catch (EndOfSegmentException _) {
      return true;
    } catch (IllegalArgumentException e) {
      if (log.trimmedVersion() <= after) {
        throw e;
      }
      throw new IOException("the log was trimmed meanwhile", e); // the next turn skips the gap
    }
  }

  /** The log does not reach back to where the archive ends: only others can go on there. */
  static final class OutOfReachException extends IOException {
    private static final long serialVersionUID = 1;

    /** Whether the archive has nothing yet. */
    private final boolean isEmpty;

    OutOfReachException(String message, boolean isEmpty) {
      super(message);
      this.isEmpty = isEmpty;
    }

    boolean isEmpty() {
      return isEmpty;
    }
  }

  /** Ends reading the log. */
  private static final class EndOfSegmentException extends IOException {
    private static final long serialVersionUID = 1;
  }

  /** {@return whether that was the end of a segment} */
  private boolean add(LogRecord record, long upTo) throws IOException {
    if (record.version() > upTo) {
      return false; // a power failure might take it back
    }
    if (expected != null) {
      if (!record.equals(expected)) {
        throw otherHistory("version %d".formatted(expected.version()));
      }
      expected = null;
      return false;
    }
    builder.add(record.version(), ByteBuffer.wrap(record.bytes()));
    return rollIfComplete();
  }

  /** {@return whether a segment was whole, and is archived now} */
  private boolean rollIfComplete() throws IOException {
    if (!builder.isComplete()) {
      return false;
    }
    SegmentBuilder.Sealed whole = builder.seal();
    if (put(whole)) {
      completeNumber = builder.number();
      completeVersion = builder.last();
      builder = builder(builder.number() + 1, completeVersion, whole.hash());
    }
    return true;
  }

  /**
   * A replica lets go of nothing that is to be archived; but if it was away for long, or has not
   * archived from its first day, others may have what it has not.
   */
  private void goOnAfterOthers() throws IOException {
    goOnAfter(files(""));
    if (log.trimmedVersion() > builder.last()) {
      throw new OutOfReachException(
          "what was committed after version %d is to be archived, but is kept here from version %d on only: let a node archive in this directory that keeps all, or mount the archive if this is not it"
              .formatted(builder.last(), log.trimmedVersion()),
          completeNumber < 0);
    }
  }

  private void skipGap() throws IOException {
    long trimmed = log.trimmedVersion();
    if (builder.isEmpty()) {
      builder = builder(builder.number(), trimmed, builder.previous());
    } else {
      SegmentBuilder.Sealed last = builder.seal();
      if (!put(last)) {
        return;
      }
      builder = builder(builder.number() + 1, trimmed, last.hash());
    }
    archivedVersion = trimmed;
    gaps++;
  }

  private SegmentBuilder builder(long number, long after, Sha256 previous) {
    Header header =
        new Header(timeline.archive(), timeline.number(), Layout.SHARD, number, after, previous);
    return new SegmentBuilder(header, limits);
  }

  /**
   * Writes a segment, or makes sure that just this one is there. If it is not, but others have
   * archived more, it was pruned, or is part of what they have completed: then this goes on after
   * what they did.
   *
   * @return whether it is there
   */
  private boolean put(SegmentBuilder.Sealed segment) throws IOException {
    SegmentName name = segment.name();
    // With the one before: whoever writes at the same moment is seen at the next one.
    long first = Math.max(completeNumber < 0 ? name.number() - 1 : completeNumber, 0);
    List<SegmentFile> files = files(SegmentName.prefix(first));
    checkIsThere(files);
    for (SegmentFile file : files) {
      checkNoRival(segment, file); // before it is there as well
    }
    Optional<SegmentName> complete = newest(files, State.COMPLETE);
    boolean isBehind = complete.isPresent() && complete.get().number() >= name.number();
    if (isBehind && files.stream().noneMatch(file -> file.name().equals(name))) {
      goOnAfter(complete);
      return false;
    }
    boolean added = archive.putIfAbsent(segment.object(), segment);
    if (!added && !read(name).hash.equals(segment.hash())) {
      throw otherHistory("segment %d".formatted(name.number()));
    }
    written = name;
    archivedVersion = Math.max(archivedVersion, name.last());
    files.add(new SegmentFile(timeline.number(), name, 0));
    for (SegmentFile file : files) {
      if (isSuperseded(file.name(), files.stream())) {
        archive.delete(file.object());
      }
    }
    return true;
  }

  /**
   * A file system that is not mounted leaves an empty directory, which a segment must not fill; nor
   * one in which the archive was begun again.
   *
   * @param files from the newest complete segment on
   */
  private void checkIsThere(List<SegmentFile> files) throws IOException {
    boolean isCut =
        completeNumber >= 0
            && files.stream()
                .map(SegmentFile::name)
                .noneMatch(name -> name.isComplete() && name.number() >= completeNumber);
    if (isCut || !ArchiveIndex.idOf(archive).equals(id)) {
      throw new IOException(
          "%s is not the archive that it was: is its file system mounted?".formatted(archive));
    }
  }

  private void checkNoRival(SegmentBuilder.Sealed segment, SegmentFile file) throws IOException {
    SegmentName name = segment.name();
    SegmentName other = file.name();
    if (other.equals(name) || other.equals(written)) {
      return; // the first is compared when it is found to be there
    }
    boolean isRival;
    if (other.number() == name.number()) {
      isRival = (other.isComplete() && name.isComplete()) || !agrees(segment, file);
    } else {
      boolean isBefore = other.number() < name.number();
      isRival = isBefore && other.isComplete() && other.last() != completeVersion;
    }
    if (isRival) {
      throw otherHistory("segment %d".formatted(other.number()));
    }
  }

  /** {@return whether one of two segments of a number goes on as the other} */
  private boolean agrees(SegmentBuilder.Sealed segment, SegmentFile file) throws IOException {
    try (InputStream in = archive.open(file.object())) {
      if (segment.agreesWith(in, file.sizeBytes())) {
        return true;
      }
    } catch (NoSuchFileException _) {
      return true; // somebody has superseded it meanwhile, and has looked at it
    }
    Read _ = read(file.name()); // if it is damaged, that is what is wrong
    return false;
  }

  private ForeignArchiveException otherHistory(String what) {
    return new ForeignArchiveException(
        "another history was archived as %s of timeline %d: two stores share it, or this one was"
                .formatted(what, timeline.number())
            + " brought back by other means than a restore. Restore it from the archive, or use"
            + " another archive");
  }

  private static boolean isSuperseded(SegmentName name, Stream<SegmentFile> by) {
    return !name.isComplete()
        && by.map(SegmentFile::name)
            .anyMatch(other -> other.number() == name.number() && other.supersedes(name));
  }

  /** {@return the segments whose names come after {@code after}; to be changed} */
  private List<SegmentFile> files(String after) throws IOException {
    String prefix = Layout.log(timeline.number());
    List<SegmentFile> files = new ArrayList<>();
    for (var object : archive.list(prefix, prefix + after)) {
      SegmentName.parse(object.name().substring(prefix.length()))
          .ifPresent(
              name -> files.add(new SegmentFile(timeline.number(), name, object.sizeBytes())));
    }
    return files;
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
