package io.khonsu.backup;

import java.io.IOException;
import java.io.InputStream;
import java.util.List;

/** An archive that can be unplugged. */
final class SwitchedArchive extends ForwardingArchiveStore {
  volatile boolean broken;
  private volatile boolean failed;

  SwitchedArchive(ArchiveStore archive) {
    super(archive);
  }

  @Override
  public boolean putIfAbsent(String name, Content content) throws IOException {
    check();
    return super.putIfAbsent(name, content);
  }

  @Override
  public InputStream open(String name) throws IOException {
    check();
    return super.open(name);
  }

  @Override
  public List<StoredObject> list(String prefix) throws IOException {
    check();
    return super.list(prefix);
  }

  @Override
  public List<StoredObject> list(String prefix, String after) throws IOException {
    check();
    return super.list(prefix, after);
  }

  @Override
  public void delete(String name) throws IOException {
    check();
    super.delete(name);
  }

  private void check() throws IOException {
    if (broken) {
      failed = true;
      throw new IOException("the archive is unplugged");
    }
  }

  void awaitFailure() {
    while (!failed) {
      Thread.onSpinWait();
    }
  }
}
