package io.khonsu.backup;

import io.khonsu.Khonsu;
import io.khonsu.StoreException;
import io.khonsu.backup.ArchiveIndex.SegmentFile;
import io.khonsu.backup.ArchiveStore.StoredObject;
import io.khonsu.backup.BaseBackup.BackupFile;
import io.khonsu.backup.SegmentFormat.Header;
import io.khonsu.backup.VerifyReport.Finding;
import io.khonsu.durable.DurableSettings;
import io.khonsu.durable.StateStore;
import io.khonsu.spi.CommittedTransaction;
import io.khonsu.spi.DamagedStorageException;
import io.khonsu.spi.TransactionCodec;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/** Looks at all that is in an archive. Not thread-safe. */
final class Verifying {
  private final ArchiveIndex index;
  private final BackupProgress progress;
  private final Map<String, Finding> findings = new LinkedHashMap<>();

  /** By timeline and number: the hashes of segments whose bytes are right. */
  private final Map<List<Long>, Sha256> hashes = new HashMap<>();

  private final long totalBytes;
  private long readBytes;

  Verifying(ArchiveIndex index, BackupProgress progress) {
    this.index = index;
    this.progress = progress;
    this.totalBytes = index.objects().values().stream().mapToLong(StoredObject::sizeBytes).sum();
  }

  /** Looks at what is there. */
  void checkFiles() {
    index.damages().forEach(damage -> find(damage.object(), damage.what()));
    for (BaseBackup base : index.bases()) {
      for (BackupFile file : base.files()) {
        file.wrong(index.sizeBytes(file.object()))
            .ifPresent(
                what -> find(file.object(), "%s: base %s needs it".formatted(what, base.object())));
      }
    }
    index.timelines().values().forEach(this::checkNumbers);
    index.objects().keySet().stream()
        .filter(name -> !isKnown(name))
        .forEach(name -> find(name, "it is no part of an archive"));
  }

  /** Looks for segments that are not there, and were not pruned. */
  private void checkNumbers(Timeline timeline) {
    SegmentFile before = null;
    for (SegmentFile segment : index.segments(timeline.number())) {
      long number = segment.name().number();
      long expected = before == null ? number : before.name().number() + 1;
      if (before != null && number != expected && !isForked(before)) {
        find(
            segment.object(),
            "segments %d to %d before it are missing".formatted(expected, number - 1));
      }
      before = segment;
    }
  }

  /** {@return whether another timeline goes on from here} It may need no more of this one. */
  private boolean isForked(SegmentFile segment) {
    return index.timelines().values().stream()
        .filter(timeline -> timeline.parent() == segment.timeline())
        .anyMatch(timeline ->
            segment.name().after() < timeline.forkVersion()
                && timeline.forkVersion() <= segment.name().last());
  }

  private boolean isKnown(String name) {
    OptionalInt timeline = Layout.timelineOf(name);
    if (timeline.isPresent() || name.equals(Layout.ARCHIVE) || name.startsWith(Layout.POINTS)) {
      return true;
    }
    if (name.startsWith(Layout.OBJECTS)) {
      return Sha256.isHash(name.substring(Layout.OBJECTS.length()));
    }
    return index.timelines().keySet().stream()
        .anyMatch(
            number -> name.startsWith(Layout.log(number)) || name.startsWith(Layout.bases(number)));
  }

  /** Reads every byte. */
  void checkData() throws IOException {
    for (StoredObject object : index.objects().values()) {
      checkContent(object);
      readBytes += object.sizeBytes();
      progress.onProgress("reading", readBytes, totalBytes);
    }
  }

  private void checkContent(StoredObject object) throws IOException {
    try {
      if (object.name().startsWith(Layout.OBJECTS)) {
        checkFile(object.name());
      } else {
        checkSegment(object.name());
      }
    } catch (UnusableObjectException e) {
      find(e.object(), e.what());
    } catch (NoSuchFileException _) {
      // A partial segment that was superseded meanwhile.
    }
  }

  private void checkFile(String object) throws IOException {
    try (InputStream in = index.archive().open(object)) {
      if (!Layout.object(Sha256.of(in)).equals(object)) {
        throw new DamagedArchiveException(object, "its content has another hash");
      }
    }
  }

  private void checkSegment(String object) throws IOException {
    for (int timeline : index.timelines().keySet()) {
      String prefix = Layout.log(timeline);
      if (object.startsWith(prefix)) {
        Optional<SegmentName> name = SegmentName.parse(object.substring(prefix.length()));
        if (name.isPresent()) {
          checkSegment(timeline, object, name.get());
        }
      }
    }
  }

  private void checkSegment(int timeline, String object, SegmentName name) throws IOException {
    try (SegmentReader reader = new SegmentReader(object, name, index.archive().open(object))) {
      Header header = reader.header();
      if (!header.archive().equals(index.id())
          || header.timeline() != timeline
          || header.shard() != Layout.SHARD) {
        throw new DamagedArchiveException(object, "it is of another archive or timeline");
      }
      for (var frame = reader.next(); frame != null; frame = reader.next()) {
        checkTransaction(object, frame);
      }
      Sha256 before = hashes.get(List.of((long) timeline, name.number() - 1));
      if (before != null && !before.equals(header.previous())) {
        throw new DamagedArchiveException(object, "it does not follow the segment before it");
      }
      hashes.put(List.of((long) timeline, name.number()), reader.hash());
    }
  }

  /** Decodes a transaction: its own checksum is that of the moment it was committed. */
  static CommittedTransaction checkTransaction(String object, SegmentReader.Frame frame)
      throws IOException {
    CommittedTransaction transaction;
    try {
      transaction = TransactionCodec.decode(frame.payload().array());
    } catch (IOException e) {
      throw new DamagedArchiveException(
          object, "transaction %d: %s".formatted(frame.version(), e.getMessage()));
    }
    if (transaction.version() != frame.version()) {
      throw new DamagedArchiveException(
          object, "transaction %d is in fact %d".formatted(frame.version(), transaction.version()));
    }
    return transaction;
  }

  /**
   * Restores every window from its start to its end, and on the way compares the state with that of
   * every base.
   */
  void checkRestores(Path directory) throws IOException {
    for (Timeline timeline : index.timelines().values()) {
      History history = new History(index, timeline, unusable());
      for (Window window : history.windows()) {
        checkRestore(history, window, directory);
      }
    }
  }

  private void checkRestore(History history, Window window, Path directory) throws IOException {
    List<BaseBackup> bases =
        history.bases().stream().filter(base -> window.contains(base.version())).toList();
    RestorePlan plan = history.planFrom(window);
    try (Restoring restoring =
        new Restoring(index, plan, directory, DurableSettings.defaults(), progress)) {
      for (BaseBackup base : bases) {
        restoring.replay(base.version());
        StateStore state = restoring.state();
        if (state.appliedVersion() != base.version()) {
          find(base.object(), "the log has no transaction %d".formatted(base.version()));
        } else if (!StateHash.of(state).equals(base.stateHash())) {
          find(base.object(), "its state hash is not that of what was committed");
        }
      }
      restoring.replay(window.to());
      restoring.store().finish();
    } catch (UnusableObjectException e) {
      find(e.object(), e.what());
    } catch (DamagedStorageException e) {
      find(plan.base().map(BaseBackup::object).orElse(Layout.log(window.timeline())), message(e));
    }
    try {
      Khonsu.open(directory).close();
    } catch (StoreException e) {
      find(Layout.timeline(window.timeline()), "a store restored from it cannot be opened: " + e);
    }
    Trees.delete(directory);
  }

  private static String message(IOException e) {
    return "what is restored of it is damaged: " + e.getMessage();
  }

  VerifyReport report(VerifyDepth depth) {
    return new VerifyReport(
        depth,
        new ArrayList<>(findings.values()),
        index.objects().size(),
        readBytes,
        index.windows(unusable()));
  }

  private void find(String object, String what) {
    findings.putIfAbsent(object, new Finding(object, what));
  }

  /** {@return the names of segments and bases that are of no use} */
  private Set<String> unusable() {
    return index.unusable(findings.keySet());
  }
}
