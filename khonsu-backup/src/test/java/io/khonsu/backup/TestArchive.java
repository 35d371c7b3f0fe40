package io.khonsu.backup;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.khonsu.backup.BaseBackup.BackupFile;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;

/** An archive of transactions and bases that mean nothing, whose segments have four of them. */
final class TestArchive {
  static final UUID ID = new UUID(1, 2);
  static final SegmentLimits LIMITS = new SegmentLimits(4, 10_000);

  final InMemoryArchiveStore store = new InMemoryArchiveStore();

  /** Makes an archive with its first timeline. */
  static TestArchive create() throws IOException {
    TestArchive archive = new TestArchive();
    ArchiveIndex.create(archive.store, ID);
    archive.timeline(1, 0, 0);
    return archive;
  }

  Timeline timeline(int number, int parent, long fork) throws IOException {
    Timeline timeline = new Timeline(ID, number, new UUID(9, number), parent, fork, Instant.EPOCH);
    byte[] bytes = timeline.bytes();
    boolean _ = store.putIfAbsent(Layout.timeline(number), out -> out.write(bytes));
    return timeline;
  }

  /** Archives all of a log. */
  void archive(int timeline, TestLog log) throws IOException {
    LogArchiver archiver =
        new LogArchiver(
            store, Objects.requireNonNull(index().timelines().get(timeline)), log, LIMITS);
    advanceAll(archiver);
    archiver.flush();
  }

  /** Archives all segments that the log of an archiver completes. */
  static void advanceAll(LogArchiver archiver) throws IOException {
    boolean more;
    do {
      more = archiver.advance();
    } while (more);
  }

  /** Puts a base there that has files of these contents. */
  BaseBackup base(int timeline, long version, String... contents) throws IOException {
    List<BackupFile> files = new ArrayList<>();
    for (int i = 0; i < contents.length; i++) {
      byte[] bytes = contents[i].getBytes(UTF_8);
      Sha256 hash = Sha256.of(new ByteArrayInputStream(bytes));
      boolean _ = store.putIfAbsent(Layout.object(hash), out -> out.write(bytes));
      files.add(new BackupFile("file-" + i, bytes.length, hash.hex()));
    }
    BaseBackup base =
        new BaseBackup(
            ID, timeline, version, Instant.EPOCH, "", "memory", Sha256.NONE.hex(), files);
    byte[] manifest = base.bytes();
    boolean _ = store.putIfAbsent(base.object(), out -> out.write(manifest));
    return base;
  }

  void point(String name, int timeline, long version) throws IOException {
    RestorePoint point = new RestorePoint(name, timeline, version, Instant.EPOCH);
    byte[] bytes = point.bytes();
    boolean _ = store.putIfAbsent(point.object(), out -> out.write(bytes));
  }

  ArchiveIndex index() throws IOException {
    return ArchiveIndex.load(store);
  }

  List<Window> windows() throws IOException {
    return index().windows(Set.of());
  }

  List<String> names(String prefix) {
    return store.list(prefix).stream().map(ArchiveStore.StoredObject::name).toList();
  }

  /** {@return a log with the transactions of versions 10, 20, and so on} */
  static TestLog log(int from, int to) throws IOException {
    TestLog log = new TestLog();
    for (int i = from; i <= to; i++) {
      log.add(10L * i, 20);
    }
    return log;
  }
}
