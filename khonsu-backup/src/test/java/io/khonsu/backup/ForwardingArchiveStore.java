package io.khonsu.backup;

import java.io.IOException;
import java.io.InputStream;
import java.time.Instant;
import java.util.List;

/** Passes calls on to another archive, for those that change some of them. */
class ForwardingArchiveStore implements ArchiveStore {
  private final ArchiveStore archive;

  ForwardingArchiveStore(ArchiveStore archive) {
    this.archive = archive;
  }

  @Override
  public boolean putIfAbsent(String name, Content content) throws IOException {
    return archive.putIfAbsent(name, content);
  }

  @Override
  public InputStream open(String name) throws IOException {
    return archive.open(name);
  }

  @Override
  public List<StoredObject> list(String prefix) throws IOException {
    return archive.list(prefix);
  }

  @Override
  public List<StoredObject> list(String prefix, String after) throws IOException {
    return archive.list(prefix, after);
  }

  @Override
  public boolean deleteIfOlder(String name, Instant than) throws IOException {
    return archive.deleteIfOlder(name, than);
  }

  @Override
  public void delete(String name) throws IOException {
    archive.delete(name);
  }
}
