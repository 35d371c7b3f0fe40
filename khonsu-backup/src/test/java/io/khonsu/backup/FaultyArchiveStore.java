package io.khonsu.backup;

import java.io.IOException;
import java.io.InputStream;
import java.time.Instant;
import java.util.List;

/** Passes calls on to another archive, and fails the one it is told to, and all after it. */
final class FaultyArchiveStore implements ArchiveStore {
  /** What has happened of the call that fails. */
  enum Fault {
    NOTHING,
    EVERYTHING
  }

  private final ArchiveStore archive;
  private final long failingWrite;
  private final Fault fault;
  private long writes;

  FaultyArchiveStore(ArchiveStore archive, long failingWrite, Fault fault) {
    this.archive = archive;
    this.failingWrite = failingWrite;
    this.fault = fault;
  }

  /** {@return how many objects were written and deleted, or should have been} */
  long writes() {
    return writes;
  }

  @Override
  public boolean putIfAbsent(String name, Content content) throws IOException {
    writes++;
    if (writes == failingWrite && fault == Fault.EVERYTHING) {
      boolean _ = archive.putIfAbsent(name, content);
    }
    check();
    return archive.putIfAbsent(name, content);
  }

  @Override
  public InputStream open(String name) throws IOException {
    check();
    return archive.open(name);
  }

  @Override
  public List<StoredObject> list(String prefix) throws IOException {
    check();
    return archive.list(prefix);
  }

  @Override
  public void delete(String name) throws IOException {
    writes++;
    if (writes == failingWrite && fault == Fault.EVERYTHING) {
      archive.delete(name);
    }
    check();
    archive.delete(name);
  }

  @Override
  public boolean deleteIfOlder(String name, Instant than) {
    throw new UnsupportedOperationException("only pruning does that");
  }

  private void check() throws IOException {
    if (writes >= failingWrite) {
      throw new IOException("the archive fails from write %d on".formatted(failingWrite));
    }
  }
}
