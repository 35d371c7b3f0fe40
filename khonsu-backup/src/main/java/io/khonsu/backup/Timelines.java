package io.khonsu.backup;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Finds or begins the timeline of a store in an archive. */
final class Timelines {
  /** Somebody else may begin one at the same time, a few times. */
  private static final int ATTEMPTS_MAX = 100;

  private Timelines() {}

  /**
   * {@return the timeline of a store}
   *
   * @param origin where it was restored from, or null if it was not
   * @throws ForeignArchiveException if the archive is that of another store
   */
  static Timeline of(ArchiveStore archive, UUID store, @Nullable Origin origin, Instant now)
      throws IOException {
    ArchiveIndex.create(archive, store);
    for (int attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      ArchiveIndex index = ArchiveIndex.load(archive);
      for (Timeline timeline : index.timelines().values()) {
        if (timeline.store().equals(store)) {
          return timeline;
        }
      }
      Origin fork = origin != null && index.id().equals(origin.archive()) ? origin : null;
      if (fork == null && !index.id().equals(store)) {
        throw new ForeignArchiveException(
            "%s is the archive of store %s, not of %s: use another one"
                .formatted(archive, index.id(), store));
      }
      int number = nextNumber(index);
      int parent = fork == null ? 0 : fork.timeline();
      long forkVersion = fork == null ? 0 : fork.version();
      Timeline added = new Timeline(index.id(), number, store, parent, forkVersion, now);
      byte[] bytes = added.bytes();
      if (archive.putIfAbsent(Layout.timeline(number), out -> out.write(bytes))) {
        return added;
      }
    }
    throw new IOException(
        "%s has a timeline that it does not list: is all of it readable?".formatted(archive));
  }

  /**
   * {@return the number after that of every timeline that was there, also of damaged ones} So
   * whoever adds one meanwhile takes this number, and is noticed.
   */
  private static int nextNumber(ArchiveIndex index) throws IOException {
    int newest =
        index.objects().keySet().stream()
            .mapToInt(name -> Layout.timelineOf(name).orElse(0))
            .max()
            .orElse(0);
    if (newest >= Layout.TIMELINE_MAX) {
      throw new IOException(
          "the archive has %d timelines, no more are possible: use another one".formatted(newest));
    }
    return newest + 1;
  }

  /**
   * Where a restored store comes from; in its directory, for when it is archived itself.
   *
   * @param archive the id of the archive that it was restored from
   * @param timeline of that archive
   * @param version up to which it was restored
   */
  record Origin(UUID archive, int timeline, long version) {
    /** The name of the file. */
    static final String FILE = "restored";

    private static final String KIND = "restored-store";

    byte[] bytes() throws IOException {
      return new Document.Writer(KIND)
          .line("archive", archive)
          .line("timeline", timeline)
          .line("version", version)
          .bytes();
    }

    /** {@return where the store in a directory was restored from, or null if it was not} */
    static @Nullable Origin in(Path directory) throws IOException {
      try (InputStream in = Files.newInputStream(directory.resolve(FILE))) {
        Document.Reader reader = Document.Reader.of(KIND, FILE, in);
        UUID archive = reader.take("archive", UUID::fromString);
        int timeline = (int) reader.takeNumber("timeline", 1, Layout.TIMELINE_MAX);
        long version = reader.takeNumber("version", 0, Long.MAX_VALUE);
        reader.end();
        return new Origin(archive, timeline, version);
      } catch (NoSuchFileException _) {
        return null;
      }
    }
  }
}
