package io.khonsu.backup;

import io.khonsu.backup.ArchiveStore.StoredObject;
import io.khonsu.backup.BaseBackup.BackupFile;
import io.khonsu.durable.DurableStorage;
import io.khonsu.durable.StateStore;
import io.khonsu.spi.KeyValueEngine;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Takes base backups: the files of a state go into the archive, and at last the manifest, without
 * which they are nothing.
 */
final class BaseTaking {
  /** In the store's directory, as files are linked within a file system only. */
  static final String SCRATCH = "base-backup";

  private final ArchiveStore archive;
  private final Timeline timeline;
  private final InstantSource clock;

  BaseTaking(ArchiveStore archive, Timeline timeline, InstantSource clock) {
    this.archive = archive;
    this.timeline = timeline;
    this.clock = clock;
  }

  /** Takes a base of a store while it goes on: of a copy, of which files are linked. */
  BaseBackup take(DurableStorage storage, String label, BackupProgress progress)
      throws IOException {
    BaseBackup.checkLabel(label);
    Path scratch = storage.directory().resolve(SCRATCH);
    Trees.delete(scratch); // what a crash has left
    try {
      storage.flushState(); // so that all is in the base that was committed before
      storage.state().checkpoint(scratch);
      return take(scratch, storage.engine(), label, progress);
    } finally {
      Trees.delete(scratch);
    }
  }

  /**
   * Takes a base of a state that nobody works with.
   *
   * @param place where its files are; it belongs to the store of the timeline
   */
  BaseBackup take(Path place, KeyValueEngine engine, String label, BackupProgress progress)
      throws IOException {
    BaseBackup.checkLabel(label);
    List<BackupFile> files = new ArrayList<>();
    List<Path> paths = Trees.files(place);
    long total = 0;
    for (Path path : paths) {
      total += Files.size(path);
    }
    long done = 0;
    for (Path path : paths) {
      BackupFile file = put(place, path);
      files.add(file);
      done += file.sizeBytes();
      progress.onProgress("copying", done, total);
    }
    // Opened only now, as opening changes files.
    long version;
    String hash;
    try (StateStore state = StateStore.open(engine, place, timeline.storeId())) {
      version = state.appliedVersion();
      hash = StateHash.of(state);
    }
    BaseBackup base =
        new BaseBackup(
            timeline.archive(),
            timeline.number(),
            version,
            clock.instant(),
            label,
            engine.name(),
            hash,
            files);
    byte[] manifest = base.bytes();
    boolean added = archive.putIfAbsent(base.object(), out -> out.write(manifest));
    if (added) {
      check(base);
      return base;
    }
    try (InputStream in = archive.open(base.object())) {
      BaseBackup before = BaseBackup.read(base.timeline(), base.object(), in);
      check(before);
      return before;
    }
  }

  private BackupFile put(Path scratch, Path path) throws IOException {
    Sha256 hash;
    try (InputStream in = Files.newInputStream(path)) {
      hash = Sha256.of(in);
    }
    boolean _ = archive.putIfAbsent(Layout.object(hash), out -> Files.copy(path, out));
    String name = scratch.relativize(path).toString().replace('\\', '/');
    return new BackupFile(name, Files.size(path), hash.hex());
  }

  /**
   * Looks whether a base is whole: pruning may have taken files away before there was a manifest
   * that names them, and what was there before may be damaged.
   */
  private void check(BaseBackup base) throws IOException {
    Map<String, Long> sizes = new HashMap<>();
    for (StoredObject object : archive.list(Layout.OBJECTS)) {
      sizes.put(object.name(), object.sizeBytes());
    }
    for (BackupFile file : base.files()) {
      Optional<String> wrong = file.wrong(sizes.getOrDefault(file.object(), -1L));
      if (wrong.isPresent()) {
        archive.delete(base.object());
        throw new DamagedArchiveException(
            file.object(),
            wrong.get()
                + ", so the base was not made: delete it from the archive if it is there, and take"
                + " the base again");
      }
    }
  }
}
