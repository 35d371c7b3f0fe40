package io.khonsu.durable;

import com.google.errorprone.annotations.MustBeClosed;
import io.khonsu.spi.KeyValueBatch;
import io.khonsu.spi.KeyValueEngine;
import io.khonsu.spi.KeyValueEngine.Options;
import io.khonsu.spi.KeyValueEngine.Presence;
import io.khonsu.spi.KeyValueEngine.Use;
import io.khonsu.spi.KeyValueStore;
import io.khonsu.spi.StorageRefusedException;
import io.khonsu.spi.StorageRefusedException.Reason;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A key-value store in a directory of its own, with a file beside it that says whose it is and how
 * much it holds at least: so a store that was lost, exchanged or cut short is never taken for a new
 * one. It counts its writes; the file follows within some seconds while it is written to.
 */
public final class OwnedDisk implements KeyValueStore {
  /*
   * Written first is the file, with a count of 0; then the store is made, then its first write is
   * synced; then the file has a count. As long as it has none, nobody was told of anything, and a
   * creation that was interrupted is begun anew.
   */
  private static final String STORE = "data";
  private static final String COUNTS = "owner";

  /** What is there when a creation was interrupted at its beginning. */
  private static final Set<String> UNFINISHED = Set.of(OwnerFile.NEXT_NAME, StoreLock.NAME);

  private static final byte[] WRITES = {'w'};
  private static final long NANOS_BETWEEN_NOTES = 5_000_000_000L;

  private final Path directory;
  private final StoreLock lock;
  private final KeyValueStore store;
  private OwnerFile file;
  private long writes;
  private long notedNanos = System.nanoTime();
  private boolean isSynced = true;
  private boolean closed;

  /**
   * Whose a disk is.
   *
   * @param name one line; tells it from all others
   * @param remedy what can be done when it is lost, the end of a sentence
   */
  public record Owner(String name, String remedy) {}

  private OwnedDisk(
      Path directory, StoreLock lock, KeyValueStore store, OwnerFile file, long writes) {
    this.directory = directory;
    this.lock = lock;
    this.store = store;
    this.file = file;
    this.writes = writes;
  }

  /**
   * Makes a disk.
   *
   * @param directory made if it is not there; else empty, or left by a creation that was
   *     interrupted
   * @param spaces the names of its spaces
   * @throws StorageRefusedException if a disk is there already, or something else
   */
  public static OwnedDisk create(
      Path directory, Owner owner, List<String> spaces, KeyValueEngine engine) throws IOException {
    if (!Files.exists(directory)) {
      DurableFiles.createDirectory(directory);
    }
    checkNew(directory, owner); // before there is a lock in what may be somebody else's
    return locked(
        directory,
        lock -> {
          checkNew(directory, owner);
          DurableFiles.deleteTree(directory.resolve(STORE)); // nobody was told of anything in it
          OwnerFile file = new OwnerFile(owner.name, engine.name(), 0);
          file.write(directory);
          KeyValueStore store = open(directory, Presence.NEW, spaces, engine);
          return new OwnedDisk(directory, lock, store, file, 0);
        });
  }

  private static void checkNew(Path directory, Owner owner) throws IOException {
    if (hasFile(directory)) {
      OwnerFile found = OwnerFile.read(directory);
      checkOwner(directory, owner, found);
      if (found.writes() > 0) {
        throw new StorageRefusedException(
            Reason.NOT_A_STORE,
            "%s holds %s already: open it as what was there before, not as new"
                .formatted(directory, owner.name));
      }
    } else if (!Files.isDirectory(directory) || holdsOthers(directory)) {
      throw new StorageRefusedException(
          Reason.NOT_A_STORE,
          "%s is not an empty directory: name a new one for %s".formatted(directory, owner.name));
    }
  }

  /** Makes or opens a disk. */
  @FunctionalInterface
  private interface Opening {
    OwnedDisk open(StoreLock lock) throws IOException;
  }

  private static OwnedDisk locked(Path directory, Opening opening) throws IOException {
    StoreLock lock = StoreLock.take(directory);
    boolean opened = false;
    try {
      OwnedDisk disk = opening.open(lock);
      opened = true;
      return disk;
    } finally {
      if (!opened) {
        lock.close();
      }
    }
  }

  /**
   * Opens a disk that was there before.
   *
   * @throws StorageRefusedException if it is not, or another's, or was cut short, or in use
   */
  public static OwnedDisk open(
      Path directory, Owner owner, List<String> spaces, KeyValueEngine engine) throws IOException {
    if (!hasFile(directory)) {
      throw lost(directory + " does not hold " + owner.name, owner);
    }
    checkOwner(directory, owner, OwnerFile.read(directory)); // whoever uses it
    return locked(directory, lock -> open(directory, owner, spaces, engine, lock));
  }

  private static OwnedDisk open(
      Path directory, Owner owner, List<String> spaces, KeyValueEngine engine, StoreLock lock)
      throws IOException {
    OwnerFile file = OwnerFile.read(directory);
    if (!file.engine().equals(engine.name())) {
      throw OpenedStore.missingEngine(directory, file.engine(), engine.name());
    }
    if (file.writes() == 0) {
      throw new StorageRefusedException(
          Reason.NOT_A_STORE,
          "making %s for %s was interrupted, and nothing was written to it: make it as new once more"
              .formatted(directory, owner.name));
    }
    KeyValueStore store = open(directory, Presence.EXISTING, spaces, engine);
    boolean opened = false;
    try {
      byte[] count = store.get(COUNTS, WRITES);
      long writes = count == null ? 0 : ByteBuffer.wrap(count).getLong();
      if (writes < file.writes()) {
        throw lost(
            "the store in %s ends after %d writes, but had %d"
                .formatted(directory, writes, file.writes()),
            owner);
      }
      OwnedDisk disk = new OwnedDisk(directory, lock, store, file, writes);
      disk.note();
      opened = true;
      return disk;
    } finally {
      if (!opened) {
        store.close();
      }
    }
  }

  private static boolean holdsOthers(Path directory) throws IOException {
    return DurableFiles.list(directory).stream()
        .anyMatch(entry -> !UNFINISHED.contains(entry.getFileName().toString()));
  }

  private static boolean hasFile(Path directory) {
    return Files.exists(directory.resolve(OwnerFile.NAME));
  }

  private static void checkOwner(Path directory, Owner owner, OwnerFile file)
      throws StorageRefusedException {
    if (!file.owner().equals(owner.name)) {
      throw new StorageRefusedException(
          Reason.FOREIGN_PART,
          "%s belongs to %s, not to %s: give each its own directory"
              .formatted(directory, file.owner(), owner.name));
    }
  }

  private static StorageRefusedException lost(String what, Owner owner) {
    return new StorageRefusedException(
        Reason.DATA_LOSS, "%s: put the whole directory back, or %s".formatted(what, owner.remedy));
  }

  private static KeyValueStore open(
      Path directory, Presence presence, List<String> spaces, KeyValueEngine engine)
      throws IOException {
    List<String> all = new ArrayList<>(spaces);
    all.add(COUNTS);
    return engine.open(directory.resolve(STORE), new Options(Use.LOG, presence, all));
  }

  /** As promised there; also adds its count to the batch. */
  @Override
  public synchronized void write(KeyValueBatch batch, Sync sync) throws IOException {
    long count = writes + 1;
    batch.put(COUNTS, WRITES, ByteBuffer.allocate(Long.BYTES).putLong(count).array());
    Sync needed = file.writes() == 0 ? Sync.SYNCED : sync;
    store.write(batch, needed);
    writes = count;
    isSynced = needed == Sync.SYNCED;
    boolean isDue = file.writes() == 0 || System.nanoTime() - notedNanos >= NANOS_BETWEEN_NOTES;
    if (isSynced && isDue) {
      note();
    }
  }

  /** Notes in the file how many writes there are, all of them synced. */
  private void note() throws IOException {
    OwnerFile next = file.with(writes);
    next.write(directory);
    file = next;
    notedNanos = System.nanoTime();
  }

  @Override
  public byte @Nullable [] get(String space, byte[] key) throws IOException {
    return store.get(space, key);
  }

  @Override
  public byte @Nullable [] lastKey(String space) throws IOException {
    return store.lastKey(space);
  }

  @Override
  @MustBeClosed
  public Cursor cursor(String space, byte[] from, byte @Nullable [] to) throws IOException {
    return store.cursor(space, from, to);
  }

  @Override
  public synchronized void flush() throws IOException {
    store.flush();
    isSynced = true;
  }

  @Override
  public void reclaim(String space, byte[] from, byte[] to) throws IOException {
    store.reclaim(space, from, to);
  }

  /** Copies the store alone, without the file. */
  @Override
  public void checkpoint(Path target) throws IOException {
    store.checkpoint(target);
  }

  @Override
  public long sizeBytes() throws IOException {
    return store.sizeBytes();
  }

  @Override
  public synchronized void close() throws IOException {
    if (closed) {
      return;
    }
    closed = true;
    try {
      if (!isSynced) {
        store.flush();
      }
      if (writes > file.writes()) {
        note();
      }
    } finally {
      release();
    }
  }

  private void release() throws IOException {
    try {
      store.close();
    } finally {
      lock.close();
    }
  }
}
